"""What a job starts from, kept in its own folder: whatever becomes of the model, the job can begin again.

::

    jobs/ID/
      start.safetensors   every weight as training starts      start.json   where each is from, and the digest
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from digits_core.errors import SnapshotDamaged
from digits_core.spec.files import dump_json
from digits_core.spec.model import Spec
from digits_core.store.weights import read_weights, write_weights

if TYPE_CHECKING:
    from digits_core.contracts.backend import Arrays

RECORD, START = "start.json", "start.safetensors"


class HeadRows(Spec):
    """A layer with a row for every class, put together anew because the classes are others."""

    layer: str
    """Its name."""
    kept: tuple[str, ...]
    """Classes that keep the row that they had."""
    new: tuple[str, ...]
    """Classes whose rows start as those of a new network do."""
    dropped: tuple[str, ...] = ()
    """Classes of the model that the dataset does not have."""


class StartRecord(Spec):
    """Where the weights that a job starts with are from."""

    model: str
    """The model: a snapshot of a job, an imported model or a file."""
    loaded: tuple[str, ...]
    """Weights that were taken as they are."""
    heads: tuple[HeadRows, ...] = ()
    """Layers whose rows were taken by the names of their classes."""
    initialised: dict[str, str] = Field(default_factory=dict)
    """Weights of the network that start as those of a new one do, and why."""
    skipped: dict[str, str] = Field(default_factory=dict)
    """Weights of the model that were not used, and why."""
    notes: tuple[str, ...] = ()
    """What a person should know, each a sentence."""
    digest: str = ""
    """SHA-256 of the weights' file."""


def write_start(folder: Path, record: StartRecord, arrays: Arrays) -> None:
    """Put what a job starts from into its folder, which nobody sees yet."""
    complete = record.model_copy(update={"digest": write_weights(folder / START, arrays)})
    (folder / RECORD).write_text(dump_json(complete.model_dump(mode="json")), encoding="utf-8")


def read_record(folder: Path) -> StartRecord:
    """Where the start of a job is from, one that was made to start from a model.

    Raises:
        SnapshotDamaged: If it cannot be read.
    """
    path = folder / RECORD
    try:
        return StartRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as reason:
        raise _damaged(path, f"cannot be read: {reason}") from None


def read_start(folder: Path) -> Arrays:
    """The weights that a job starts with, one that was made to start from a model.

    Raises:
        SnapshotDamaged: If they cannot be read.
    """
    return read_weights(folder / START, read_record(folder).digest, _damaged)


def _damaged(path: Path, what: str) -> SnapshotDamaged:
    return SnapshotDamaged(
        f"The start of job {path.parent.name} is damaged: {path.name} {what}.",
        where=str(path),
        hint="Start a new job from the model.",
    )
