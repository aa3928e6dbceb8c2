"""LMDB environments, opened once and only if they are whole.

The library refuses to open one twice in a process, and reading one that is cut off would end the process.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from digits_core.errors import SourceInvalid

#: The file that holds everything.
FILE = "data.mdb"
DAMAGED = "Copy the database again."


class Environment:
    """A database that is only read; it is closed when nobody refers to it any more.

    Args:
        folder: Its folder.

    Raises:
        SourceInvalid: If it is no database, cut off or empty.
    """

    def __init__(self, folder: Path) -> None:
        import lmdb

        where, file = str(folder), folder / FILE
        try:
            self._opened: Any = lmdb.open(where, readonly=True, lock=False, readahead=False, create=False)
            size, needed = file.stat().st_size, (self._opened.info()["last_pgno"] + 1) * self._opened.stat()["psize"]
        except (lmdb.Error, OSError) as reason:
            raise SourceInvalid(f"{file} is no LMDB database: {reason}.", where=where, hint=DAMAGED) from None
        if size < needed:
            message = f"{file} is cut off: expected at least {needed:,} bytes, found {size:,}."
            raise SourceInvalid(message, where=where, hint=DAMAGED)
        if not self._opened.stat()["entries"]:
            raise SourceInvalid(f"{folder} holds no pictures.", where=where, hint="Give the database that was filled.")

    def get(self, key: bytes) -> bytes | None:
        """The value of ``key``; called from several threads at once."""
        with self._opened.begin() as transaction:
            value: bytes | None = transaction.get(key)
            return value

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        """Every key and value, in the order of the keys."""
        with self._opened.begin() as transaction:
            yield from transaction.cursor()


_open: WeakValueDictionary[Path, Environment] = WeakValueDictionary()
_lock = threading.Lock()


def is_database(folder: Path) -> bool:
    """Whether there is a database in ``folder``; does not open it."""
    return (folder / FILE).is_file()


def open_environment(folder: Path) -> Environment:
    """The database in ``folder``: the one that is open already, else a new one.

    Raises:
        SourceInvalid: If it is no database, cut off or empty.
    """
    place = folder.resolve()
    with _lock:
        found = _open.get(place)
        if found is None:
            found = _open[place] = Environment(folder)
        return found
