"""Writing survives crashes, and failures of the disk are said in words."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from digits_core.disk import UNFINISHED, new_entry, new_folder, storage_errors, write_file
from digits_core.errors import StorageUnusable


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "state.json"
    write_file(path, "old")
    write_file(path, b"new")
    assert path.read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]


def test_a_folder_appears_complete_or_not_at_all(tmp_path):
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "whole") as folder:
        (folder / "part").write_text("x")
        1 / 0  # noqa: B018
    assert list(tmp_path.iterdir()) == []
    with new_folder(tmp_path / "whole") as folder:
        (folder / "part").write_text("x")
        assert not (tmp_path / "whole").exists()
    assert (tmp_path / "whole" / "part").read_text() == "x"


def test_a_folder_that_came_into_being_meanwhile_is_not_overwritten(tmp_path):
    with pytest.raises(FileExistsError), new_folder(tmp_path / "whole"):
        (tmp_path / "whole").mkdir()
    assert list((tmp_path / "whole").iterdir()) == []


def test_a_killed_writer_leaves_only_unfinished_work(tmp_path):
    code = (
        "import os, sys, signal; from pathlib import Path; from digits_core.disk import new_folder\n"
        "with new_folder(Path(sys.argv[1])) as f: (f / 'x').write_text('x'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path / "whole")], check=False).returncode == -9
    assert [entry.name.startswith(UNFINISHED) for entry in tmp_path.iterdir()] == [True]


@pytest.mark.parametrize(
    ("code", "word"), [(errno.ENOSPC, "full"), (errno.EROFS, "read-only"), (errno.EACCES, "denied")]
)
def test_a_failure_of_the_disk_has_a_remedy(code, word):
    with pytest.raises(StorageUnusable, match=f"snapshot 3 .*{word}"), storage_errors("snapshot 3"):
        raise OSError(code, "said by the system", "/somewhere/file")


def test_other_failures_keep_their_own_words():
    with pytest.raises(FileNotFoundError), storage_errors("anything"):
        raise FileNotFoundError(errno.ENOENT, "gone")


def test_a_file_where_a_folder_is_needed_is_said(tmp_path):
    (tmp_path / "home").write_text("")
    with pytest.raises(StorageUnusable), new_folder(tmp_path / "home" / "datasets" / "x"):
        pass


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="this system has no /proc to refuse new folders")
def test_a_place_that_takes_no_folders_is_said():
    with pytest.raises(StorageUnusable, match="DIGITS_HOME"), new_folder(Path("/proc/home/datasets/x")):
        pass


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_an_entry_gives_way_only_where_that_is_wanted_and_only_to_what_is_whole(tmp_path, kind):
    path = tmp_path / "entry"

    def write(place, text):
        if kind == "folder":
            place.mkdir()
        (place / "part" if kind == "folder" else place).write_text(text)

    def read():
        return (path / "part" if kind == "folder" else path).read_text()

    with new_entry(path) as place:
        write(place, "old")
    with pytest.raises(FileExistsError), new_entry(path):
        pytest.fail("it is known before anything is written")
    with pytest.raises(ZeroDivisionError), new_entry(path, replace=True) as place:
        write(place, "half")
        1 / 0  # noqa: B018
    assert read() == "old"
    with new_entry(path, replace=True) as place:
        write(place, "new")
    assert read() == "new" and [entry.name for entry in tmp_path.iterdir()] == ["entry"]
