"""One command at a time starts or ends runs of a job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import filelock

from digits_core.disk import storage_errors
from digits_core.errors import StateConflict
from digits_core.store.job import JobFolder

LOCK_PATIENCE_S = 60.0


@contextmanager
def locked(folder: JobFolder) -> Iterator[None]:
    """One process at a time starts or ends runs of a job.

    Raises:
        StateConflict: If another one does not let go.
    """
    lock = filelock.FileLock(folder.path / "lock", timeout=LOCK_PATIENCE_S)
    with storage_errors(f"the lock of job {folder.id}"):
        try:
            lock.acquire()
        except filelock.Timeout:
            message = f"Job {folder.id} is being started or stopped by another command."
            raise StateConflict(message, hint="Try again when that has ended.") from None
    try:
        yield
    finally:
        lock.release()
