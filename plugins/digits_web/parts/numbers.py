"""Numbers as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence

from digits_core.units import format_bytes


def size(count: float | None) -> str:
    """A number of bytes; nothing where it is not known.

    >>> size(1536), size(None)
    ('1.5 KiB', '')
    """
    return "" if count is None else format_bytes(int(count))


def percent(share: float | None, digits: int = 1) -> str:
    """A share from 0 to 1.

    >>> percent(0.987), percent(None)
    ('98.7 %', '')
    """
    return "" if share is None else f"{share * 100:.{digits}f} %"


def counted(count: int, name: str) -> str:
    """How many there are of what is called so.

    >>> counted(1, "folder"), counted(1200, "file")
    ('1 folder', '1,200 files')
    """
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def form(sizes: Sequence[int]) -> str:
    """The form of a picture, of which height, width and channels are known.

    >>> form((28, 32, 3)), form((28, 32, 1))
    ('32 × 28, colour', '32 × 28, grey')
    """
    height, width, channels = sizes
    return f"{width} × {height}, {'grey' if channels == 1 else 'colour'}"
