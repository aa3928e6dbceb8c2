"""``dataset.json``: what a dataset holds, written once, last of all its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from digits_core.disk import write_file
from digits_core.errors import DatasetUnusable
from digits_core.spec.dataset import DatasetSpec, Encoding, Split
from digits_core.spec.files import dump_json
from digits_core.spec.model import Spec, parse

MANIFEST = "dataset.json"


class ClassCount(Spec):
    """One class and how many pictures of it each split holds."""

    name: str
    """Name of the class; its place in the list is its label."""
    train: int
    """Pictures to train on."""
    val: int
    """Pictures to validate on."""
    test: int
    """Pictures kept for tests."""


class ShardFile(Spec):
    """One shard as it was written."""

    file: str
    """File name inside the version's folder."""
    samples: int
    """Pictures in it."""
    size_bytes: int
    """Size of the file, checked when the dataset is opened."""


class DatasetManifest(Spec):
    """Everything that is known of one dataset version."""

    format: Literal[1] = 1
    """Version of this file's form."""
    name: str
    """Name of the dataset."""
    version: str
    """Folder of the version, for example `v0001`."""
    digest: str
    """`sha256:…` over class names and stored pictures; equal pictures give an equal digest."""
    created: str
    """When, ISO 8601 in UTC."""
    spec: DatasetSpec
    """The request, with absolute paths."""
    splits: dict[Split, int]
    """Pictures in each split."""
    classes: tuple[ClassCount, ...]
    """Every class, in the order of labels."""
    skipped: int
    """Pictures that could not be read; `skipped.csv` says which and why."""
    size: tuple[int, int, int]
    """Height, width and channels."""
    encoding: Encoding
    """How pictures are stored."""
    shards: dict[Split, tuple[ShardFile, ...]]
    """The files of each split, in order."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes; label i is the i-th."""
        return tuple(count.name for count in self.classes)

    def summary(self) -> dict[str, Any]:
        """What commands print as JSON: everything but the list of files."""
        return self.model_dump(mode="json", exclude={"format", "shards"})


def write_manifest(folder: Path, manifest: DatasetManifest) -> None:
    """Put ``manifest`` into ``folder`` atomically."""
    write_file(folder / MANIFEST, dump_json(manifest.model_dump(mode="json")))


def read_manifest(folder: Path) -> DatasetManifest:
    """The manifest of the dataset in ``folder``; touches no shard.

    Raises:
        DatasetUnusable: If the folder is gone or its manifest is missing or damaged.
    """
    path = folder / MANIFEST
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        found = "has no manifest" if folder.is_dir() else "is gone"
        raise DatasetUnusable(
            f"Dataset {folder.name} {found}.", where=str(path), hint="Create it again: digits dataset create."
        ) from None
    except (OSError, ValueError) as reason:
        raise DatasetUnusable(
            f"The manifest of dataset {folder.name} cannot be read: {reason}.",
            where=str(path),
            hint="Delete the dataset and create it again.",
        ) from None
    return parse(DatasetManifest, data, where=str(path), error=DatasetUnusable)
