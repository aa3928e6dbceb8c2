"""From a job's folder to everything the loop works with."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from digits_core.contracts.backend import Arrays, Backend, BuildContext, Device
from digits_core.dataset.augment.plugins import make_extras
from digits_core.dataset.evenly import EvenEpochs
from digits_core.dataset.loader import EvaluationLoader, TrainLoader
from digits_core.dataset.opened import Dataset, SplitReader, open_dataset
from digits_core.dataset.sampler import Sampler
from digits_core.errors import CapabilityMissing, DatasetUnusable, Problem, SnapshotDamaged, StateConflict
from digits_core.events.facts import Noted, ProgramBuilt, RunStarted
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.native import NATIVE, native_of
from digits_core.hooks.registry import discover
from digits_core.hooks.solvers import with_known_solver
from digits_core.spec.dataset import split_reference
from digits_core.spec.job import JobSpec
from digits_core.store.job import JobFolder, JobRequest, RunRequest
from digits_core.store.snapshots import Patience, clear_unfinished, latest_usable
from digits_core.store.start import read_start
from digits_core.training.control import Control
from digits_core.training.gain import pace_alone
from digits_core.training.initialize import initial_arrays, mean_arrays
from digits_core.training.loop import Training
from digits_core.training.meter import Meter
from digits_core.training.plan import TrainingPlan
from digits_core.training.record import Record
from digits_core.training.team import Team


class Start(NamedTuple):
    """Where a run starts.

    Attributes:
        step: Steps done before.
        arrays: Weights and solver slots.
        patience: Where early stopping stands.
    """

    step: int
    arrays: Arrays
    patience: Patience


@dataclass(frozen=True, slots=True)
class Member:
    """Which of the processes of a run this one is.

    Attributes:
        index: From 0, the one that leads.
        addresses: Where they listen; empty: this one trains alone.
        devices: Ids of the devices of each; empty: the run's own, which are those of one machine.
    """

    index: int = 0
    addresses: tuple[str, ...] = ()
    devices: tuple[tuple[str, ...], ...] = ()


ALONE = Member()


def prepare(job: JobFolder, control: Control, member: Member = ALONE) -> tuple[Training, Start]:
    """Read the folder, check what it says against what is here, and build the program.

    Args:
        job: The job.
        control: What a person wants of it.
        member: Which of the processes of the run this one is.

    Raises:
        DigitsError: If the folder, the dataset, the backend or the devices are not what they should be.
    """
    request, graph, run = job.request(), job.graph(), require_run(job)
    plugins = discover()
    spec, dataset = with_known_solver(request.spec, plugins.solvers), _open(job, request)
    backend = plugins.backends.get(run.backend)()
    context = BuildContext(own_device(backend, run, member), spec.seed, spec.batch_size, member.index, member.addresses)
    training, validation = _loaders(request, dataset, context.rows)
    counts = dataset.manifest.splits
    plan = TrainingPlan.of(spec, counts["train"], validates=validation is not None)
    start = _start(job, request, graph, dataset, leads=member.index == 0)
    if member.index == 0:
        given = member.devices or run.processes
        devices = tuple(id for process in given for id in process) or (context.device.id,)
        job.journal.append(
            RunStarted(run.number, run.backend, devices, start.step, plan.total_steps, plan.steps_per_epoch)
        )
    # Joining a team comes first: some frameworks can do it only before they compute anything.
    started = time.perf_counter()
    program = backend.build(graph, spec.solver, spec.options, context)
    if member.index == 0 and program.compilation:
        job.journal.append(ProgramBuilt(program.compilation))
    team = Team(program.total, member.index, context.process_count)
    record = Record(job, spec, plan, run.backend, start.patience, writes=team.leads)
    meter = Meter(started, program.total)
    layers = tuple(layer.name for layer in graph.layers)
    alone = 0.0
    if team.leads and team.count > 1:
        alone = pace_alone(backend, graph, spec, context, training, start.arrays)
    carried = Training(
        spec, plan, program, training, validation, record, meter, control.wish, team, control.beat, layers, alone
    )
    return carried, start


def newest_start(job: JobFolder) -> Start:
    """Where a run of ``job`` would start now; tells nobody what it found."""
    request = job.request()
    return _start(job, request, job.graph(), _open(job, request), leads=False)


def require_run(job: JobFolder) -> RunRequest:
    """The run that ``job`` was told to carry.

    Raises:
        StateConflict: If it was told none.
    """
    run = job.run()
    if run is None:
        raise StateConflict(f"Job {job.id} was not told what to run: run.json is missing.", where=str(job.path))
    return run


def _open(job: JobFolder, request: JobRequest) -> Dataset:
    name = split_reference(request.spec.dataset)[0]
    folder = job.home.dataset_folder(name)
    dataset = open_dataset(folder, request.dataset_version)
    if dataset.manifest.digest != request.dataset_digest:
        raise DatasetUnusable(
            f"Job {job.id} was made for dataset {name} with digest {request.dataset_digest[:19]}…, "
            f"found {dataset.manifest.digest[:19]}….",
            where=str(folder),
            hint="Bring that dataset back, or start a new job on the present one.",
        )
    return dataset


def own_device(backend: Backend, run: RunRequest, member: Member) -> Device:
    """What a process computes on: processes see the devices that they were given and no others."""
    here = backend.devices()
    processes = member.devices or run.processes
    if not processes:
        return here[0]
    given = processes[member.index]
    kind = given[0].rpartition("/")[2].partition(":")[0]
    local = next((device for device in here if device.kind == kind), None)
    if local is None:
        found = ", ".join(device.id for device in here)
        raise CapabilityMissing(
            f"Backend {run.backend} cannot compute on {', '.join(given)}, found {found}.",
            where="devices",
            hint=f"Ask for --devices {here[0].kind}, or install the {kind.upper()} build of its framework.",
        )
    return local


def _start(job: JobFolder, request: JobRequest, graph: Graph, dataset: Dataset, *, leads: bool) -> Start:
    """The newest whole snapshot, else the start that the job was given, else initial weights.

    One process cleans up and tells what it found.
    """
    if leads:
        clear_unfinished(job.snapshots_folder)
    try:
        usable = latest_usable(job.snapshots_folder)
    except SnapshotDamaged as reason:
        if leads:
            _note(job, reason.problems, "Training starts from the beginning.")
        usable = None
    if usable is not None:
        if leads:
            _note(job, usable.damaged, f"Training goes on from snapshot {usable.state.name}.")
        return Start(usable.state.step, usable.arrays, usable.state.patience)
    began = job.path if request.spec.start else None
    return Start(0, first_arrays(graph, request.spec.seed, dataset, began), Patience())


def _note(job: JobFolder, damaged: Sequence[Problem], remedy: str) -> None:
    for problem in damaged:
        job.journal.append(Noted(f"{Problem(problem.message, problem.where)} {remedy}"))


def _loaders(request: JobRequest, dataset: Dataset, rows: range) -> tuple[TrainLoader, EvaluationLoader | None]:
    spec = request.spec
    reader, validation = dataset.split("train"), dataset.split("val")
    evaluation = EvaluationLoader(validation, spec.batch_size, spec.data.crop, rows) if len(validation) else None
    return training_loader(spec, reader, rows), evaluation


def training_loader(spec: JobSpec, reader: SplitReader, rows: range | None = None) -> TrainLoader:
    """Batches of a job.

    Args:
        spec: The request.
        reader: Its training split.
        rows: Rows of a batch that are wanted; empty: all of them.
    """
    shuffle, even = spec.data.shuffle, spec.targets.sampling == "balanced"
    choose = EvenEpochs(reader.labels, spec.seed, shuffle).slots if even else None
    sampler = Sampler(len(reader), spec.batch_size, spec.seed, shuffle, choose)
    augment = spec.data.augment
    extras = make_extras(augment.extra, discover().augmentations)
    return TrainLoader(reader, sampler, spec.data.crop, spec.seed, rows, augment, extras, spec.targets)


def first_arrays(graph: Graph, seed: int, dataset: Dataset, start: Path | None) -> Arrays:
    """What the first step of a job finds: the weights that it starts from or initial ones, and a mean.

    Args:
        graph: The network.
        seed: Seed of the job.
        dataset: Whose mean is taken.
        start: Folder of the weights that it starts from; None: it starts as a new network does.

    Raises:
        SnapshotDamaged: If these weights cannot be read.
    """
    mean = mean_arrays(graph.input, dataset.mean) if graph.input.mean != "none" else {}
    if start is not None:
        # Weights that were learned with another mean bring it along.
        return mean | read_start(start)
    return initial_arrays(graph, seed) | _native_arrays(graph, seed) | mean


def _native_arrays(graph: Graph, seed: int) -> Arrays:
    """The start of a native network, which only its framework knows."""
    op = native_of(graph)
    if op is None:
        return {}
    picture = graph.input
    input = NetworkInput(picture.channels, picture.height, picture.width, op.classes, picture.mean)
    found = discover().backends.get(op.backend)().native_arrays(op, input, seed)
    return {f"{NATIVE}/{name}": array for name, array in (found.trained | found.kept).items()}
