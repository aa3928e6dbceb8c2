"""Small JSON files that the server and the command line both read and change."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from digits_core.disk import make_folder, write_file
from digits_core.errors import StorageUnusable


class KeptFile:
    """One such file: an object of plain data, read again whenever another process has changed it.

    Args:
        path: Where it is; its folder is made with it, for nobody else to look into.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[tuple[int, int, int], dict[str, Any]] | None = None

    def read(self) -> dict[str, Any]:
        """What it says; nothing where there is none. Not to be changed.

        Raises:
            StorageUnusable: If it is no JSON object.
        """
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return {}
        # It is replaced and never written into, so another file is another inode.
        seen = (found.st_ino, found.st_mtime_ns, found.st_size)
        if self._read is None or self._read[0] != seen:
            self._read = (seen, self._parsed())
        return self._read[1]

    @contextmanager
    def change(self) -> Iterator[dict[str, Any]]:
        """What it says, to be changed in the block; it is written when the block ends well.

        Raises:
            StorageUnusable: If it cannot be read or written.
        """
        make_folder(self.path.parent)
        os.chmod(self.path.parent, 0o700)
        with FileLock(self.path.with_suffix(".lock")):
            data = dict(self.read())
            yield data
            write_file(self.path, json.dumps(data, indent=2, sort_keys=True))

    def _parsed(self) -> dict[str, Any]:
        try:
            data = json.loads(self.path.read_bytes())
            if isinstance(data, dict):
                return data
        except ValueError:
            pass
        raise StorageUnusable(
            f"{self.path.name} is damaged.", where=str(self.path), hint="Put back a copy of it, or delete it."
        )
