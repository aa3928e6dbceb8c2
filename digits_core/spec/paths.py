"""Paths as people write them."""

from __future__ import annotations

from pathlib import Path

from digits_core.errors import SpecInvalid


def expanded(path: str | Path) -> Path:
    """A path whose ``~`` or ``~user`` is filled in.

    Raises:
        SpecInvalid: If nothing is written, or no home of such a user is known.

    >>> str(expanded("pictures/cat.png"))
    'pictures/cat.png'
    """
    if not str(path):
        raise SpecInvalid("A path is expected, found an empty word.", hint="The current folder is written as a dot.")
    try:
        return Path(path).expanduser()
    except RuntimeError:
        start = Path(path).parts[0]
        raise SpecInvalid(
            f"{path} expects a user of this machine after ~, found {start}, whose home is not known.",
            where=str(path),
            hint=f"Check the name; a file or folder that is called so is ./{start}.",
        ) from None
