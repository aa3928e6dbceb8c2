"""What a process found: named groups of arrays, a file for each in one folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Found: TypeAlias = Mapping[str, npt.NDArray[Any]]


class Findings:
    """Groups of arrays in a folder.

    Args:
        folder: Where they are; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, group: str, arrays: Found) -> None:
        """Keep a group; names may hold slashes, and their order is kept."""
        self.folder.mkdir(parents=True, exist_ok=True)
        np.savez(self._path(group), **arrays)  # type: ignore[arg-type]

    def read(self, group: str) -> Found:
        """A group, whose arrays are read one at a time when they are asked for."""
        archive: Found = np.load(self._path(group), allow_pickle=False)
        return archive

    def has(self, group: str) -> bool:
        """Whether there is such a group."""
        return self._path(group).is_file()

    def clear(self) -> None:
        """Give the room on the disk back."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, group: str) -> Path:
        return self.folder / f"{group}.npz"
