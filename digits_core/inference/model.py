"""A model by its name: ``JOB``, ``JOB@best``, ``JOB@last`` or ``JOB@epoch-3``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from digits_core.contracts.backend import Arrays
from digits_core.errors import NameUnknown, Problem, SnapshotDamaged, suggest
from digits_core.graph.graph import Graph
from digits_core.store.home import Home
from digits_core.store.job import JobFolder, JobRequest
from digits_core.store.snapshots import (
    SnapshotState,
    best_snapshot,
    latest_usable,
    list_snapshots,
    load_snapshot,
    snapshot_name,
)

_EPOCH = re.compile(r"epoch-(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that classification needs.

    Attributes:
        name: What it was asked for as, completed: ``JOB@000003-epoch``.
        request: The job, with labels and the form of its pictures.
        graph: The network.
        state: What the snapshot says about itself.
        arrays: The weights.
        damaged: Newer snapshots that could not be used.
    """

    name: str
    request: JobRequest
    graph: Graph
    state: SnapshotState
    arrays: Arrays
    damaged: tuple[Problem, ...] = ()


def load_model(home: Home, name: str) -> Model:
    """The model called ``name``; without ``@`` it is the newest snapshot that is whole.

    Raises:
        NameUnknown: If there is no such job or snapshot.
        SnapshotDamaged: If the snapshot cannot be read.
    """
    job, _, which = name.partition("@")
    if job not in home.job_ids():
        raise NameUnknown(f"There is no job {job!r}.", hint=suggest(job, home.job_ids()))
    folder = JobFolder(home.job_folder(job))
    request = folder.request()
    state, arrays, damaged = _snapshot(folder, which or "last")
    return Model(f"{job}@{state.name}", request, folder.graph(), state, arrays, damaged)


def _snapshot(folder: JobFolder, which: str) -> tuple[SnapshotState, Arrays, tuple[Problem, ...]]:
    place = folder.snapshots_folder
    states = list_snapshots(place)
    if which == "last":
        usable = latest_usable(place)
        if usable is None:
            raise NameUnknown(
                f"Job {folder.id} has no snapshot yet.", hint="Wait for its first, or train with --snapshot-every."
            )
        return usable.state, usable.arrays, usable.damaged
    name = _snapshot_called(folder, which, states)
    try:
        state, arrays = load_snapshot(place, name, slots=False)
    except SnapshotDamaged as damaged:
        others = [f"{folder.id}@{state.name}" for state in states if state.name != name]
        hint = f"Use another snapshot: {', '.join(others)}." if others else "The job has no other snapshot."
        raise SnapshotDamaged(*(Problem(item.message, item.where, hint) for item in damaged.problems)) from None
    return state, arrays, ()


def _snapshot_called(folder: JobFolder, which: str, states: tuple[SnapshotState, ...]) -> str:
    if which == "best" and (best := best_snapshot(states)) is not None:
        return best.name
    epoch = _EPOCH.fullmatch(which)
    name = snapshot_name(float(epoch[1])) if epoch else which
    names = [state.name for state in states]
    if name not in names:
        epochs = [f"epoch-{state.epoch:g}" for state in states]
        raise NameUnknown(
            f"Job {folder.id} has no snapshot {which!r}.",
            hint=suggest(which, [*epochs, "best", "last"][: len(epochs) + 2]),
        )
    return name
