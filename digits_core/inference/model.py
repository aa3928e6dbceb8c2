"""A model by its name: ``JOB``, ``JOB@best``, ``JOB@last``, ``JOB@epoch-3``, an imported one, or an archive."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from digits_core.archive.naming import SUFFIXES, is_archive
from digits_core.contracts.backend import Arrays, shown_weights
from digits_core.errors import NameUnknown, Problem, SnapshotDamaged, suggest
from digits_core.graph.graph import Graph
from digits_core.spec.dataset import PictureForm
from digits_core.spec.job import BackendOptions
from digits_core.spec.paths import expanded
from digits_core.store.home import Home
from digits_core.store.job import JobFolder
from digits_core.store.models import ModelFolder
from digits_core.store.snapshots import (
    SnapshotState,
    best_snapshot,
    latest_usable,
    list_snapshots,
    load_snapshot,
    snapshot_name,
)

if TYPE_CHECKING:
    from digits_core.archive.model import ArchivedModel

_EPOCH = re.compile(r"epoch-(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that classification needs.

    Attributes:
        name: What it was asked for as, completed: ``JOB@000003-epoch``, or the absolute path of an archive.
        graph: The network.
        arrays: The weights, or their moving averages where the job kept them: what validation measured.
        labels: Names of the classes, by number; empty: unknown, as an imported model's may be.
        picture: The form that pictures are brought into.
        options: How it was computed.
        state: What the snapshot says about itself; None for an imported model or an archive.
        damaged: Newer snapshots that could not be used.
    """

    name: str
    graph: Graph
    arrays: Arrays
    labels: tuple[str, ...]
    picture: PictureForm
    options: BackendOptions
    state: SnapshotState | None = None
    damaged: tuple[Problem, ...] = ()


def load_model(home: Home, name: str) -> Model:
    """The model called ``name``; of a job without ``@`` it is the newest snapshot that is whole.

    Raises:
        NameUnknown: If there is no such job, snapshot or imported model.
        SnapshotDamaged: If the snapshot cannot be read.
        ModelInvalid: If the imported model or the archive cannot be read.
        SpecInvalid: If the path of the archive cannot be one.
    """
    if is_archive_file(home, name):
        from digits_core.archive.model import load_archive

        return model_of(load_archive(expanded(name).absolute()))
    job, at, which = name.partition("@")
    if not at and name in home.model_names():
        return _imported(ModelFolder(home.model_folder(name)))
    folder = _job_of(home, name)
    request = folder.request()
    averages = request.spec.solver.average is not None
    state, arrays, damaged = _snapshot(folder, which or "last", averages=averages)
    shown, options, graph = shown_weights(arrays), request.spec.options, folder.graph()
    return Model(f"{job}@{state.name}", graph, shown, request.labels, request.picture, options, state, damaged)


def require_model(home: Home, name: str) -> None:
    """Refuse the name of a model that is not there, without reading any weights.

    Raises:
        NameUnknown: If there is no such job, snapshot or imported model.
    """
    which = name.partition("@")[2]
    if which or name not in home.model_names():
        folder = _job_of(home, name)
        if which not in ("", "last"):
            _snapshot_called(folder, which, list_snapshots(folder.snapshots_folder))


def is_archive_file(home: Home, name: str) -> bool:
    """Whether a model is named by the file of an archive, and not by a job or imported model that is called so."""
    return is_archive(name) and name not in (*home.job_ids(), *home.model_names())


def plain_name(name: str) -> str:
    """The name of a model as part of other names: of a job without its snapshot, of an archive without its folder.

    >>> plain_name("lenet@000003-epoch"), plain_name("/tmp/my lenet@best.tar.gz")
    ('lenet', 'my-lenet-best')
    """
    if not is_archive(name):
        return name.partition("@")[0]
    file = Path(name).name
    suffix = next(suffix for suffix in SUFFIXES if file.lower().endswith(suffix))
    return re.sub("[^A-Za-z0-9._-]+", "-", file[: -len(suffix)]).strip("._-") or "archive"


def model_of(archive: ArchivedModel) -> Model:
    """The model in an archive, like any other."""
    form = archive.preprocessing.picture
    return Model(str(archive.path), archive.graph, archive.arrays, archive.labels, form, BackendOptions())


def _imported(folder: ModelFolder) -> Model:
    record = folder.record()
    return Model(folder.name, folder.graph(), folder.arrays(), record.labels, record.picture, BackendOptions())


def _job_of(home: Home, name: str) -> JobFolder:
    """The job that ``JOB`` or ``JOB@SNAPSHOT`` names."""
    job, at, _ = name.partition("@")
    if job not in home.job_ids():
        kind = "job" if at else "job or imported model"
        names = home.job_ids() if at else (*home.job_ids(), *home.model_names())
        raise NameUnknown(f"There is no {kind} {job!r}.", hint=suggest(job, names))
    return JobFolder(home.job_folder(job))


def _snapshot(folder: JobFolder, which: str, *, averages: bool) -> tuple[SnapshotState, Arrays, tuple[Problem, ...]]:
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
        state, arrays = load_snapshot(place, name, slots=averages)
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
