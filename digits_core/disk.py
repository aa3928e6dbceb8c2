"""Writing that survives a crash, and disk failures in words.

A file or folder appears under its final name complete or not at all: temporary name → fsync → rename → fsync of the
parent. Knows ``errors`` only.
"""

from __future__ import annotations

import errno
import glob
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from digits_core.errors import StorageUnusable

#: Prefix of unfinished work; whatever carries it may be deleted when its writer is gone.
UNFINISHED = ".unfinished-"

_REMEDIES = {
    errno.ENOSPC: "The disk is full: free some space, or set DIGITS_HOME to a folder on another disk.",
    errno.EDQUOT: "The quota is used up: free some space, or set DIGITS_HOME to a folder on another disk.",
    errno.EROFS: "The disk is read-only: set DIGITS_HOME to a folder that can be written.",
    errno.EACCES: "Permission is denied: set DIGITS_HOME to a folder of your own.",
    errno.EPERM: "Permission is denied: set DIGITS_HOME to a folder of your own.",
    errno.ENOTDIR: "A file stands where a folder is needed: set DIGITS_HOME to a folder.",
}


@contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Turn failures of the disk inside the block into `StorageUnusable`.

    Args:
        what: What was being done, for the message, for example ``snapshot 000003-epoch``.
    """
    try:
        yield
    except OSError as reason:
        remedy = _REMEDIES.get(reason.errno or 0)
        if remedy is None:
            raise
        place = str(reason.filename or "")
        raise StorageUnusable(f"Writing {what} failed: {reason.strerror}.", where=place, hint=remedy) from reason


@contextmanager
def chosen_place(path: Path) -> Iterator[None]:
    """Turn failures inside the block into a `StorageUnusable` about ``path``, which a person chose with ``--out``."""
    try:
        yield
    except (OSError, StorageUnusable) as reason:
        # Other remedies speak of the home.
        cause = reason.__cause__ if isinstance(reason, StorageUnusable) else reason
        why = cause.strerror if isinstance(cause, OSError) else str(reason)
        hint = "Choose a place in a folder that exists and can be written, with --out."
        raise StorageUnusable(f"{path} cannot be written: {why}.", hint=hint) from reason


def require_place(path: Path) -> None:
    """Refuse a file that a person chose with ``--out`` and that cannot be written there, before any work is done.

    Raises:
        StorageUnusable: If its folder does not exist or cannot be written, or it is a folder itself.
    """
    with chosen_place(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        # Only writing tells of every reason; this file never has a name, or loses it at once.
        tempfile.TemporaryFile(dir=path.parent).close()


def make_folder(path: Path) -> None:
    """Make a folder, and those that it is in, where there is none.

    Raises:
        StorageUnusable: If the disk is full, read-only or not ours, or a file stands in the way.
    """
    with storage_errors(path.name):
        _make_folder(path)


def write_file(path: Path, data: bytes | str) -> None:
    """Put ``data`` at ``path`` atomically, in place of what was there.

    Raises:
        StorageUnusable: If the disk is full, read-only or not ours.
    """
    content = data.encode() if isinstance(data, str) else data
    with storage_errors(path.name):
        descriptor, temporary = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A temporary folder that becomes ``path`` when the block ends well, and vanishes when it does not.

    Every file inside is synced first. What a writer of the same ``path`` left behind when it was killed is removed.

    Raises:
        StorageUnusable: If the disk is full, read-only or not ours.
        FileExistsError: If there is something at ``path``, or it came into being meanwhile.
    """
    with storage_errors(path.name):
        _make_folder(path.parent)
        _remove_abandoned(path)
        with new_entry(path) as folder:
            folder.mkdir()
            folder.chmod(0o755)
            yield folder


@contextmanager
def new_entry(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """A path for a file or folder to be written to, which becomes ``path`` when the block ends well.

    Until then nothing is at ``path`` that was not there before, and nothing is left when the block fails.

    Args:
        path: What is wanted, in a folder that exists.
        replace: Whether what is there gives way.

    Raises:
        FileExistsError: If something is there that may not be replaced.
        OSError: If the disk is full, read-only or not ours.
    """

    def is_taken() -> bool:
        there = os.path.lexists(path)
        if there and not replace:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        return there

    is_taken()
    staging = Path(tempfile.mkdtemp(prefix=f"{_staging(path)}{os.getpid()}-", dir=path.parent))
    try:
        yield staging / path.name
        _sync_all(staging)
        if is_taken():
            os.rename(path, staging / f"{UNFINISHED}old")
        os.rename(staging / path.name, path)
        sync_folder(path.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from None
    except FileNotFoundError:
        # Some file systems, /proc among them, refuse new folders in these words.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path)) from None


def _staging(path: Path) -> str:
    """What folders begin with in which ``path`` is written; the process and something random follow."""
    return f"{UNFINISHED}{path.name}-"


def _remove_abandoned(path: Path) -> None:
    import psutil

    # Home folders are shared by the processes of one machine, so a pid tells whether the writer still lives.
    prefix = _staging(path)
    for left in path.parent.glob(f"{glob.escape(prefix)}*"):
        writer = re.fullmatch(r"(\d+)-[a-z0-9_]+", left.name.removeprefix(prefix))
        if writer and not psutil.pid_exists(int(writer[1])):
            shutil.rmtree(left, ignore_errors=True)


def _sync_all(path: Path) -> None:
    """Make every file and folder inside ``path`` durable."""
    for folder, _, names in os.walk(path):
        for name in names:
            with open(os.path.join(folder, name), "rb") as stream:
                os.fsync(stream.fileno())
        sync_folder(Path(folder))


def sync_folder(path: Path) -> None:
    """Make a rename inside ``path`` durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
