"""Versions of a dataset: made from one another, never changed, and sharing the pictures that they have in common.

A version names the shards of earlier ones; nothing is written but new pictures, the mean, and where needed which rows
of the shards it holds. It appears by the renaming of one folder, so that a crash leaves what was there before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import filelock
import numpy as np

from digits_core.contracts.dataset_source import DatasetSource
from digits_core.dataset import additions, edits
from digits_core.dataset.content import Content
from digits_core.dataset.manifest import (
    FIRST_VERSION,
    DatasetManifest,
    read_manifest,
    version_names,
    write_manifest,
)
from digits_core.dataset.opened import Dataset, open_dataset
from digits_core.dataset.progress import Progress
from digits_core.dataset.selection import FEWEST_CLASSES
from digits_core.dataset.version_writer import VersionWriter
from digits_core.dataset.workshop import Edited, Workshop
from digits_core.disk import new_folder, storage_errors
from digits_core.errors import NameTaken, SpecInvalid, StateConflict
from digits_core.hooks.registry import Registry
from digits_core.spec.change import Append, ChangeSpec, Exclude, Merge, Relabel, Select

LOCK = ".lock"
#: How long a command waits for another one that changes the same dataset.
PATIENCE_S = 600.0

Edit = Callable[[Workshop], Edited]


def edit_of(request: ChangeSpec, sources: Registry[DatasetSource], find: Callable[[str], Dataset]) -> Edit:
    """What does ``request``.

    Args:
        request: What is asked for.
        sources: Dataset sources by name.
        find: The dataset of a reference.
    """
    match request:
        case Relabel():
            return partial(edits.relabel, request=request)
        case Exclude():
            return partial(edits.exclude, request=request)
        case Select():
            return partial(edits.select_some, request=request)
        case Append():
            return partial(additions.append, request=request, sources=sources)
        case Merge():
            return partial(additions.merge, request=request, other=find(request.dataset))


def make_version(
    folder: Path, version: str | None, action: str, edit: Edit, progress: Progress, target: Path | None = None
) -> DatasetManifest:
    """Make a new version of the dataset in ``folder``, or a new dataset of it.

    Args:
        folder: Folder of the dataset.
        version: The version that is changed; empty: the newest.
        action: What is done, for the record.
        edit: What does it.
        progress: Told how far it is; raising from it leaves nothing.
        target: Folder of the new dataset; empty: a new version of this one.

    Raises:
        RequestWrong: If it cannot be done; nothing is left.
        StateConflict: If another command does not stop changing the dataset.
        NameTaken: If there is a dataset at ``target``.
    """
    with changing(folder):
        base = open_dataset(folder, version)
        if target is None:
            place = folder / f"v{int(version_names(folder)[-1][1:]) + 1:04d}"
            with _new(place) as own:
                return _write(own, own, base, action, edit, progress, place)
        with _new(target) as whole:
            own = whole / FIRST_VERSION
            own.mkdir()
            return _write(whole, own, base, action, edit, progress, target / FIRST_VERSION)


@contextmanager
def changing(folder: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """One process at a time changes or deletes a dataset; the system takes the lock from one that dies.

    Raises:
        StateConflict: If another one does not let go.
    """
    lock = filelock.FileLock(folder / LOCK, timeout=patience_s)
    with storage_errors(f"the lock of dataset {folder.name}"):
        try:
            lock.acquire()
        except filelock.Timeout:
            message = f"Dataset {folder.name} is being changed by another command."
            raise StateConflict(message, hint="Try again when that has ended.") from None
    try:
        yield
    finally:
        lock.release()


def history(folder: Path) -> tuple[DatasetManifest, ...]:
    """Every version of the dataset in ``folder``, oldest first.

    Raises:
        DatasetUnusable: If the manifest of one is damaged.
    """
    return tuple(read_manifest(folder, version) for version in version_names(folder))


@contextmanager
def _new(folder: Path) -> Iterator[Path]:
    try:
        with new_folder(folder) as unfinished:
            yield unfinished
    except FileExistsError:
        hint = "Choose another name, or delete it first."
        raise NameTaken(f"{folder.name} exists already.", where=str(folder), hint=hint) from None


def _write(
    whole: Path, own: Path, base: Dataset, action: str, edit: Edit, progress: Progress, place: Path
) -> DatasetManifest:
    """Fill the folder ``own`` of a version that will be at ``place``, and put its manifest into ``whole``."""
    edited = edit(Workshop(base, Content.of(base), own, progress))
    _check(edited.content, base)
    shares = place.parent == base.folder
    manifest = VersionWriter(own, base, shares=shares).write(edited, action, place.parent.name, place.name)
    if shares and manifest.digest == (newest := read_manifest(base.folder)).digest:
        raise SpecInvalid(f"Nothing of dataset {newest.reference} would change.", hint="No version was made.")
    write_manifest(whole, manifest)
    return manifest


def _check(content: Content, base: Dataset) -> None:
    """Refuse a version of which nothing can be learned."""
    taught = int(np.count_nonzero(content.counts("train")))
    if taught < FEWEST_CLASSES:
        raise SpecInvalid(
            f"A version of dataset {base.manifest.name} expects training pictures of at least {FEWEST_CLASSES} "
            f"classes, found {taught}.",
            hint="Leave fewer pictures out. To judge a model on one split, name that split.",
        )
