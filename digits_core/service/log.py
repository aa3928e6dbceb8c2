"""The end of what workers printed."""

from __future__ import annotations

from pathlib import Path


def read_end(path: Path, most_bytes: int | None) -> str:
    """Whole lines from the end of a file.

    Args:
        path: The file.
        most_bytes: No more bytes than these; None: all of it.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        begin = 0 if most_bytes is None else max(0, size - most_bytes)
        file.seek(max(0, begin - 1))
        text = file.read()
    if begin:
        # The byte before says whether the first line is whole.
        text = text[text.find(b"\n") + 1 :]
    return text.decode("utf-8", errors="replace")
