"""``dataset.json``: what a dataset holds, written once, last of all its files."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from digits_core.disk import write_file
from digits_core.errors import DatasetUnusable
from digits_core.spec.dataset import SPLITS, DatasetSpec, Encoding, Split
from digits_core.spec.files import dump_json
from digits_core.spec.model import Spec, parse

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MANIFEST = "dataset.json"
FIRST_VERSION = "v0001"
_VERSION = re.compile(r"v\d{4,}")


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


def count_classes(labels: Sequence[str], counts: Mapping[Split, npt.NDArray[np.int64]]) -> tuple[ClassCount, ...]:
    """The classes called ``labels``, of which each split has ``counts``."""
    each = zip(labels, *(counts[split].tolist() for split in SPLITS), strict=True)
    return tuple(ClassCount(name=name, train=train, val=val, test=test) for name, train, val, test in each)


class ShardFile(Spec):
    """One shard as it was written."""

    file: str
    """File name inside the version's folder."""
    samples: int
    """Pictures in it."""
    size_bytes: int
    """Size of the file, checked when the dataset is opened."""
    version: str | None = None
    """The earlier version whose folder holds it; empty: this version's own."""


class Change(Spec):
    """How a version came from another one."""

    action: Literal["relabel", "exclude", "append", "select", "merge"]
    """What was done."""
    parent: str
    """The version that it was done to, `NAME@v0001`."""
    summary: str
    """The same in words; `changed.csv` names every picture that was relabelled or left out."""


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
    """The request that the first version was made by, with absolute paths."""
    splits: dict[Split, int]
    """Pictures in each split."""
    classes: tuple[ClassCount, ...]
    """Every class, in the order of labels."""
    skipped: int
    """Pictures that could not be read when this version was made; `skipped.csv` says which and why."""
    size: tuple[int, int, int]
    """Height, width and channels."""
    encoding: Encoding
    """How pictures are stored."""
    shards: dict[Split, tuple[ShardFile, ...]]
    """The files of each split, in order."""
    rows: dict[Split, ShardFile] = Field(default_factory=dict)
    """For splits that are not all pictures of their files in order: the file that says which, and their labels."""
    change: Change | None = None
    """How it came from another version; empty: it was made from pictures."""

    @property
    def reference(self) -> str:
        """What this version is referred to by, ``NAME@v0001``."""
        return f"{self.name}@{self.version}"

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes; label i is the i-th."""
        return tuple(count.name for count in self.classes)

    def summary(self) -> dict[str, Any]:
        """What commands print as JSON: everything but the list of files."""
        return self.model_dump(mode="json", exclude={"format", "shards", "rows"})


def write_manifest(folder: Path, manifest: DatasetManifest) -> None:
    """Put ``manifest`` into ``folder`` atomically."""
    write_file(folder / MANIFEST, dump_json(manifest.model_dump(mode="json")))


def version_names(folder: Path) -> tuple[str, ...]:
    """The versions of the dataset in ``folder``, oldest first.

    The first one's manifest lies beside its folder, those of later ones inside of theirs: a version appears by the
    renaming of one folder, and nothing that is there is ever written again.
    """
    names = [name for name in _listed(folder) if _VERSION.fullmatch(name) and _manifest_path(folder, name).is_file()]
    return tuple(sorted(names, key=lambda name: int(name[1:])))


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _manifest_path(folder: Path, version: str) -> Path:
    return folder / MANIFEST if version == FIRST_VERSION else folder / version / MANIFEST


def read_manifest(folder: Path, version: str | None = None) -> DatasetManifest:
    """The manifest of a version of the dataset in ``folder``; touches no shard.

    Args:
        folder: Folder of the dataset.
        version: The version; empty: the newest.

    Raises:
        DatasetUnusable: If the folder is gone or its manifest is missing or damaged.
    """
    path = _manifest_path(folder, version or (version_names(folder) or (FIRST_VERSION,))[-1])
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
