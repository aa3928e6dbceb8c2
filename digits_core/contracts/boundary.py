"""Folders that a request may read from: it is held to them whenever a file is opened, links followed."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from digits_core.errors import SourceInvalid
from digits_core.spec.paths import expanded

_OUT = "leads out of the folders that may be read"


class Boundary:
    """Where files may lie.

    A server that takes requests from strangers gives folders; whoever works at the machine may read what they can.

    Args:
        folders: Folders, with all that is below them; None: anywhere.
    """

    def __init__(self, folders: Sequence[Path] | None = None) -> None:
        self.folders = None if folders is None else tuple(expanded(folder).resolve() for folder in folders)

    def real(self, path: str) -> str:
        """What to open for ``path``: where it leads, since its links may be others a moment later.

        Raises:
            PermissionError: If it leads out.
        """
        if self.folders is None:
            return path
        real = os.path.realpath(path)
        if not any(Path(real).is_relative_to(folder) for folder in self.folders):
            raise PermissionError(errno.EACCES, _OUT, path)
        return real

    def require(self, path: Path) -> Path:
        """The same of what is named before pictures are read: a list, a labels file, the folder of a class.

        Raises:
            SourceInvalid: If it leads out; nothing is told of what is there.
        """
        try:
            return Path(self.real(str(path)))
        except PermissionError:
            raise SourceInvalid(f"{path} {_OUT}.", where=str(path), hint=self.hint) from None

    @property
    def hint(self) -> str:
        """What may be read, in words."""
        return f"They are: {', '.join(map(str, self.folders or ())) or 'none'}."


#: No boundary.
ANYWHERE = Boundary()
