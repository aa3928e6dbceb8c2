"""From a job's folder to everything the loop works with."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from digits_core.contracts.backend import Arrays, Backend, BuildContext, Device
from digits_core.dataset.loader import EvaluationLoader, TrainLoader
from digits_core.dataset.opened import Dataset, open_dataset
from digits_core.dataset.sampler import Sampler
from digits_core.errors import CapabilityMissing, DatasetUnusable, Problem, SnapshotDamaged, StateConflict, suggest
from digits_core.events.facts import Noted, RunStarted
from digits_core.graph.graph import Graph
from digits_core.hooks.registry import discover
from digits_core.store.job import JobFolder, JobRequest, RunRequest
from digits_core.store.snapshots import Patience, clear_unfinished, latest_usable
from digits_core.training.control import Control
from digits_core.training.initialize import initial_arrays, mean_arrays
from digits_core.training.loop import Training
from digits_core.training.meter import Meter
from digits_core.training.plan import TrainingPlan
from digits_core.training.record import Record


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


def prepare(job: JobFolder, control: Control) -> tuple[Training, Start]:
    """Read the folder, check what it says against what is here, and build the program.

    Raises:
        DigitsError: If the folder, the dataset, the backend or the devices are not what they should be.
    """
    request, graph, run = job.request(), job.graph(), _require_run(job)
    spec, dataset = request.spec, _open(job, request)
    training, validation = _loaders(request, dataset)
    counts = dataset.manifest.splits
    plan = TrainingPlan.of(spec, counts["train"], validates=validation is not None)
    backend = discover().backends.get(run.backend)()
    devices = _devices(backend, run)
    context = BuildContext(devices, spec.seed)
    start = _start(job, request, graph, dataset)
    job.journal.append(
        RunStarted(
            run.number,
            run.backend,
            tuple(device.id for device in devices),
            start.step,
            plan.total_steps,
            plan.steps_per_epoch,
        )
    )
    meter = Meter(time.perf_counter())
    program = backend.build(graph, spec.solver, spec.options, context)
    record = Record(job, spec, plan, run.backend, start.patience)
    return Training(spec, plan, program, training, validation, record, meter, control.wish), start


def _require_run(job: JobFolder) -> RunRequest:
    run = job.run()
    if run is None:
        raise StateConflict(f"Job {job.id} was not told what to run: run.json is missing.", where=str(job.path))
    return run


def _open(job: JobFolder, request: JobRequest) -> Dataset:
    name = request.spec.dataset
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


def _devices(backend: Backend, run: RunRequest) -> tuple[Device, ...]:
    """The devices that the run names; where it names none, the backend's best."""
    here = {device.id: device for device in backend.devices()}
    if not run.devices:
        return backend.devices()[:1]
    missing = [id for id in run.devices if id not in here]
    if missing:
        raise CapabilityMissing(
            *(
                Problem(f"Backend {run.backend} has no device {id} here.", "run.json, devices", suggest(id, here))
                for id in missing
            )
        )
    return tuple(here[id] for id in run.devices)


def _start(job: JobFolder, request: JobRequest, graph: Graph, dataset: Dataset) -> Start:
    """The newest whole snapshot, else the initial weights."""
    clear_unfinished(job.snapshots_folder)
    try:
        usable = latest_usable(job.snapshots_folder)
    except SnapshotDamaged as reason:
        _note(job, reason.problems, "Training starts from the beginning.")
        usable = None
    if usable is not None:
        _note(job, usable.damaged, f"Training goes on from snapshot {usable.state.name}.")
        return Start(usable.state.step, usable.arrays, usable.state.patience)
    mean = mean_arrays(graph.input, dataset.mean) if graph.input.mean != "none" else {}
    return Start(0, initial_arrays(graph, request.spec.seed) | mean, Patience())


def _note(job: JobFolder, damaged: Sequence[Problem], remedy: str) -> None:
    for problem in damaged:
        job.journal.append(Noted(f"{Problem(problem.message, problem.where)} {remedy}"))


def _loaders(request: JobRequest, dataset: Dataset) -> tuple[TrainLoader, EvaluationLoader | None]:
    spec = request.spec
    reader, validation = dataset.split("train"), dataset.split("val")
    sampler = Sampler(len(reader), spec.batch, spec.seed, shuffle=spec.data.shuffle)
    evaluation = EvaluationLoader(validation, spec.batch, spec.data.crop) if len(validation) else None
    return TrainLoader(reader, sampler, spec.data.crop, spec.seed), evaluation
