"""The index of a home: which jobs are open, and what closed ones came to, so that nobody reads 10,000 folders.

It is a cache in SQLite and nothing more: the folders are the truth, and a deleted index comes back with the next look.
A job is *open* until somebody has seen that it waits for nothing but a person; only then is its summary kept.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from digits_core.disk import make_folder, storage_errors
from digits_core.store.home import Home

VERSION = 3
PATIENCE_S = 30.0


class Kept(NamedTuple):
    """The summary of a job, to be passed on as it is.

    Attributes:
        created: Moment of its request, ISO 8601 in UTC.
        id: The job.
        view: All of it, as JSON.
    """

    created: str
    id: str
    view: str


class Index:
    """The index of ``home``; every method is one transaction, so that processes may share it.

    Whoever asks again and again keeps one of these: it reads only what has changed meanwhile.

    Methods that write raise `StorageUnusable` where the disk is full.

    Args:
        home: Whose index.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._synced: tuple[tuple[str, ...], object, tuple[str, ...]] = ((), None, ())
        self._closed: tuple[object, tuple[Kept, ...]] = (None, ())

    @property
    def path(self) -> Path:
        """The file."""
        return self._home.path / "digits.sqlite"

    def sync(self) -> tuple[str, ...]:
        """Take in jobs that are new and forget those that are gone; returns the open ones, sorted."""
        complete, changes = self._home.job_ids(), self._changes()
        if not complete and changes is None:
            return ()
        if (complete, changes) == self._synced[:2]:
            return self._synced[2]
        ids = set(complete)
        with self._open() as database:
            known = dict(database.execute("SELECT id, view IS NULL FROM jobs"))
            database.executemany("DELETE FROM jobs WHERE id = ?", [(id,) for id in known.keys() - ids])
            # Another process may have seen the same new job a moment ago.
            database.executemany(
                "INSERT OR IGNORE INTO jobs (id) VALUES (?)", [(id,) for id in sorted(ids - known.keys())]
            )
        opened = tuple(id for id in complete if known.get(id, True))
        # Where something was written just now, the next look finds that it has changed, and looks once more.
        self._synced = (complete, changes, opened)
        return opened

    def close(self, jobs: Collection[Kept]) -> None:
        """Keep the summaries of jobs that wait for nothing but a person."""
        if jobs:
            with self._open() as database:
                database.executemany("INSERT OR REPLACE INTO jobs (created, id, view) VALUES (?, ?, ?)", jobs)

    def reopen(self, id: str) -> None:
        """A job is about to be made or to change: forget what one of that id came to."""
        with self._open() as database:
            database.execute("DELETE FROM jobs WHERE id = ?", (id,))

    def closed(self, newest: int | None = None) -> tuple[Kept, ...]:
        """Closed jobs, the newest first.

        Args:
            newest: No more than these; empty: all of them.
        """
        if (changes := self._changes()) is None:
            return ()
        before, kept = self._closed
        if changes != before or newest is not None:
            with self._open() as database:
                kept = _newest(database, -1 if newest is None else newest)
            if newest is None:
                self._closed = (changes, kept)
        return kept

    def count_closed(self) -> int:
        """How many jobs are closed."""
        if not self.path.exists():
            return 0
        with self._open() as database:
            return int(database.execute("SELECT count(view) FROM jobs").fetchone()[0])

    def delete(self) -> None:
        """Forget everything; the next `sync` begins anew."""
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _changes(self) -> tuple[int, bytes] | None:
        """What is another after every change; None where there is no file.

        SQLite counts changes in the file's head: https://www.sqlite.org/fileformat.html#file_change_counter
        """
        try:
            with open(self.path, "rb") as stream:
                return os.fstat(stream.fileno()).st_ino, stream.read(28)[24:]
        except FileNotFoundError:
            return None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        make_folder(self.path.parent)
        database = self._connect()
        try:
            with database:
                yield database
        except sqlite3.OperationalError as reason:
            if reason.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            with storage_errors("the index of jobs"):
                raise OSError(errno.ENOSPC, str(reason), str(self.path)) from reason
        finally:
            database.close()

    def _connect(self) -> sqlite3.Connection:
        try:
            return _prepared(self.path)
        except sqlite3.DatabaseError as reason:
            if isinstance(reason, sqlite3.OperationalError):
                raise OSError(reason.sqlite_errorcode, f"{self.path}: {reason}") from reason
            self.delete()  # It is damaged, and can be had anew.
            return _prepared(self.path)


def _newest(database: sqlite3.Connection, most: int) -> tuple[Kept, ...]:
    rows = database.execute(
        "SELECT created, id, view FROM jobs WHERE view IS NOT NULL ORDER BY created DESC, id DESC LIMIT ?", (most,)
    )
    return tuple(Kept(*row) for row in rows)


def _prepared(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=PATIENCE_S)
    try:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version != VERSION:
            with database:
                database.execute("DROP TABLE IF EXISTS jobs")
                database.execute("CREATE TABLE jobs (id TEXT PRIMARY KEY, created TEXT, view TEXT) WITHOUT ROWID")
                database.execute("CREATE INDEX newest ON jobs (created, id)")
                database.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        database.close()
        raise
    return database
