"""Snapshots: the complete state of a training, on disk.

::

    snapshots/000003-epoch/
      weights.safetensors   weights under canonical names      solver.safetensors   slots, prefix ``solver/``
      state.json            written last, with the digests of both

A snapshot whose files do not have their digests is damaged: it is named, and the one before it is used.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field, ValidationError

from digits_core.disk import UNFINISHED, new_folder
from digits_core.errors import NameUnknown, Problem, SnapshotDamaged, suggest
from digits_core.spec.files import dump_json
from digits_core.spec.model import Spec
from digits_core.store.weights import read_weights, write_weights

if TYPE_CHECKING:
    from digits_core.contracts.backend import Arrays

#: Prefix of a snapshot while another of its name is written.
_OLD = f"{UNFINISHED}old-"
WEIGHTS, SOLVER, STATE = "weights.safetensors", "solver.safetensors", "state.json"


class Patience(Spec):
    """Where early stopping stands."""

    best: float | None = None
    """Best value of the watched metric so far."""
    waited: int = 0
    """Validations since then."""


class SnapshotState(Spec):
    """What a snapshot says about itself."""

    name: str
    """Name of its folder."""
    step: int = Field(ge=0)
    """Steps done."""
    epoch: float
    """Epochs done, as the request counts them: 3.0 for the snapshot after three epochs."""
    seed: int
    """Seed of the job."""
    backend: str
    """Backend that computed it."""
    metrics: dict[str, float] = Field(default_factory=dict)
    """What was measured at this very step, for example ``val/accuracy``."""
    patience: Patience = Patience()
    """Where early stopping stands."""
    digests: dict[str, str] = Field(default_factory=dict)
    """SHA-256 of its files; filled in by `save_snapshot`."""


class Usable(NamedTuple):
    """The newest snapshot that can be read.

    Attributes:
        state: What it says about itself.
        arrays: Its weights and slots.
        damaged: What is wrong with newer ones.
    """

    state: SnapshotState
    arrays: Arrays
    damaged: tuple[Problem, ...]


def snapshot_name(epoch: float) -> str:
    """Name of the snapshot after ``epoch`` epochs; names sort as epochs do.

    >>> snapshot_name(3), snapshot_name(3.25)
    ('000003-epoch', '000003.250000-epoch')
    """
    text = f"{epoch:013.6f}"
    return f"{text.removesuffix('.000000')}-epoch"


def save_snapshot(folder: Path, state: SnapshotState, arrays: Arrays) -> str:
    """Write a snapshot, complete or not at all, in place of one of the same name.

    Args:
        folder: Where the job's snapshots are.
        state: What it says about itself; its digests are filled in.
        arrays: Weights and solver slots under canonical names.

    Returns:
        The name of the snapshot.

    Raises:
        StorageUnusable: If the disk is full, read-only or not ours; earlier snapshots stand.
    """
    from digits_core.contracts.backend import SLOT_PREFIX

    path = folder / state.name
    with _set_aside(path), new_folder(path) as new:
        digests = {
            WEIGHTS: write_weights(new / WEIGHTS, {k: v for k, v in arrays.items() if not k.startswith(SLOT_PREFIX)}),
            SOLVER: write_weights(new / SOLVER, {k: v for k, v in arrays.items() if k.startswith(SLOT_PREFIX)}),
        }
        complete = state.model_copy(update={"digests": digests})
        (new / STATE).write_text(dump_json(complete.model_dump(mode="json")), encoding="utf-8")
    return state.name


def list_snapshots(folder: Path) -> tuple[SnapshotState, ...]:
    """Every snapshot that says what it is, by step; whether its files are whole is not looked at."""
    return tuple(sorted(_read_states(folder)[0], key=lambda state: state.step))


def load_snapshot(folder: Path, name: str, *, slots: bool = True) -> tuple[SnapshotState, Arrays]:
    """Read a snapshot and verify its digests.

    Args:
        folder: Where the job's snapshots are.
        name: Which one.
        slots: Whether solver slots are wanted besides the weights.

    Raises:
        NameUnknown: If there is none of that name.
        SnapshotDamaged: If a file is missing or has another digest.
    """
    if not (folder / name).is_dir():
        raise NameUnknown(f"There is no snapshot {name!r}.", where=str(folder), hint=suggest(name, _names(folder)))
    state = _read_state(folder / name)
    arrays = _read(folder / name / WEIGHTS, state)
    if slots:
        arrays |= _read(folder / name / SOLVER, state)
    return state, arrays


def latest_usable(folder: Path) -> Usable | None:
    """The newest snapshot that is whole; None where no snapshot was ever saved.

    Raises:
        SnapshotDamaged: If there are snapshots and none is whole; with a problem for each.
    """
    states, damaged = _read_states(folder)
    for state in sorted(states, key=lambda state: state.step, reverse=True):
        try:
            return Usable(*load_snapshot(folder, state.name), tuple(damaged))
        except SnapshotDamaged as reason:
            damaged += reason.problems
    if damaged:
        raise SnapshotDamaged(*damaged)
    return None


def best_snapshot(states: Sequence[SnapshotState]) -> SnapshotState | None:
    """The one with the highest accuracy in validation, then the lowest loss; without validation the newest."""
    validated = [state for state in states if "val/accuracy" in state.metrics]
    if validated:
        return max(
            validated,
            key=lambda state: (state.metrics["val/accuracy"], -state.metrics["val/loss"], -state.step),
        )
    return max(states, key=lambda state: state.step, default=None)


def keep(folder: Path, newest: int, best: str) -> tuple[str, ...]:
    """Delete all but the ``newest`` snapshots and the one called ``best``; returns what was deleted."""
    states = list_snapshots(folder)
    gone = tuple(state.name for state in states[: max(len(states) - newest, 0)] if state.name != best)
    for name in gone:
        # Out of sight first: a writer that is killed while it deletes must not leave what looks like damage.
        hidden = folder / f"{UNFINISHED}gone-{name}"
        (folder / name).rename(hidden)
        shutil.rmtree(hidden, ignore_errors=True)
    return gone


def clear_unfinished(folder: Path) -> None:
    """Delete what a killed writer left behind, and bring back what it was replacing; only for who writes there."""
    for path in folder.glob(f"{UNFINISHED}*"):
        original = folder / path.name.removeprefix(_OLD)
        if path.name.startswith(_OLD) and not original.exists():
            path.rename(original)
        else:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _set_aside(path: Path) -> Iterator[None]:
    old = path.with_name(f"{_OLD}{path.name}")
    if path.exists():
        path.rename(old)
    try:
        yield
    except BaseException:
        if old.exists():
            old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _read_states(folder: Path) -> tuple[list[SnapshotState], list[Problem]]:
    states: list[SnapshotState] = []
    damaged: list[Problem] = []
    for name in _names(folder):
        try:
            states.append(_read_state(folder / name))
        except SnapshotDamaged as reason:
            damaged += reason.problems
    return states, damaged


def _read_state(path: Path) -> SnapshotState:
    try:
        state = SnapshotState.model_validate_json((path / STATE).read_bytes())
    except (OSError, ValidationError):
        raise _damaged(path / STATE, "is missing or cannot be read") from None
    # The folder's name is what users say and what deletes; a copied folder must not answer to another's name.
    return state if state.name == path.name else state.model_copy(update={"name": path.name})


def _read(path: Path, state: SnapshotState) -> Arrays:
    return read_weights(path, state.digests.get(path.name, ""), _damaged)


def _damaged(path: Path, what: str) -> SnapshotDamaged:
    return SnapshotDamaged(
        f"Snapshot {path.parent.name} is damaged: {path.name} {what}.",
        where=str(path),
        hint="Use another snapshot of the job.",
    )
