"""What lies beside an exported model: what it is, which files it has, and how far it was seen to agree."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from digits_core.spec.model import Spec

#: Ends the name of the manifest, which begins with that of the exported file.
SUFFIX = ".manifest.json"
_CHUNK_BYTES = 2**20


class ExportedFile(Spec):
    """One file of an exported model."""

    path: str
    """Where it is, from the folder that the manifest is in."""
    size_bytes: int
    """Its size."""
    sha256: str
    """Its SHA-256, in hexadecimal."""


class Agreement(Spec):
    """How far what was exported gives the probabilities that the model gives."""

    pictures: str
    """What both were shown, in words."""
    count: int
    """How many of them."""
    runtime: str
    """Who computed the model itself."""
    error: float
    """Largest difference of a probability; of int8 the mean over pictures of each one's largest."""
    tolerance: float
    """What the error may be at most."""
    same_top1: float
    """Share of the pictures for which the first guess is the same."""
    accuracy: float | None = None
    """Share of the pictures that the exported model gets right; unknown where their classes are."""
    model_accuracy: float | None = None
    """Share of them that the model gets right."""

    @property
    def accuracy_lost(self) -> float | None:
        """What exporting cost; negative where it gained."""
        if self.accuracy is None or self.model_accuracy is None:
            return None
        return self.model_accuracy - self.accuracy


class Manifest(Spec):
    """An exported model in words and numbers."""

    version: Literal[1] = 1
    """Version of this file's form."""
    format: str
    """Name of the format."""
    precision: str
    """Number format of its weights."""
    model: str
    """What was exported."""
    network: str
    """Name of its network."""
    created: str
    """Moment of the export, ISO 8601, UTC."""
    files: tuple[ExportedFile, ...]
    """What was written."""
    versions: dict[str, str] = Field(default_factory=dict)
    """Versions of the packages that wrote it."""
    input: tuple[int, int, int]
    """Height, width and channels of the pictures that it takes."""
    labels: tuple[str, ...]
    """Names of the classes, by number; empty: unknown."""
    calibration: str = ""
    """Pictures that ranges of int8 were measured on, in words; empty: none were needed."""
    agreement: Agreement | None = None
    """What was found when it was run; empty: this machine cannot run the format."""
    not_run: str = ""
    """Why it was not run, and what was looked at in its place."""


def exported_files(place: Path) -> tuple[ExportedFile, ...]:
    """The files at ``place``, which is one or a folder of them, sorted."""
    return tuple(
        ExportedFile(path=str(path.relative_to(place.parent)), size_bytes=path.stat().st_size, sha256=_digest(path))
        for path in sorted(_files(place))
    )


def _files(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from (path for path in place.rglob("*") if path.is_file())
    else:
        yield place


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()
