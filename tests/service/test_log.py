"""The end of a log."""

import pytest

from digits_core.service.log import read_end

LINES = [f"line {number} é" for number in range(5)]
WHOLE = "\n".join(LINES) + "\n"


@pytest.mark.parametrize("most", range(len(WHOLE.encode()) + 2))
def test_the_end_of_a_log_is_whole_lines_and_no_more_than_was_asked_for(tmp_path, most):
    path = tmp_path / "log.txt"
    path.write_text(WHOLE, encoding="utf-8")
    found = read_end(path, most)
    assert WHOLE.endswith(found) and len(found.encode()) <= most
    assert found in {"".join(f"{line}\n" for line in LINES[start:]) for start in range(6)}
    longer = WHOLE[: len(WHOLE) - len(found)].rstrip("\n").rpartition("\n")[2]
    assert not longer or len(f"{longer}\n{found}".encode()) > most


def test_all_of_it_is_what_was_written(tmp_path):
    path = tmp_path / "log.txt"
    path.write_bytes(b"one\n\xfftwo")
    assert read_end(path, None) == "one\n�two"
