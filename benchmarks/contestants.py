"""Who trains: we, a loop by hand, and Keras."""

from __future__ import annotations

import importlib
import math
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np

from benchmarks.handwritten.runner import Precision, Runner
from benchmarks.workloads import DATASET, IMAGES, LABELS, WORKLOADS, Workload
from digits_core.contracts.backend import Arrays, BuildContext, Program
from digits_core.dataset.loader import TrainLoader
from digits_core.dataset.opened import SplitReader, open_dataset
from digits_core.dataset.sampler import Sampler
from digits_core.events.facts import TrainingLogged
from digits_core.events.journal import read_facts
from digits_core.hooks.registry import discover
from digits_core.spec.job import BackendOptions, JobSpec, SnapshotOptions
from digits_core.store.job import JobFolder, Wish
from digits_core.store.snapshots import Patience
from digits_core.training.initialize import initial_arrays, mean_arrays
from digits_core.training.loop import Training, train
from digits_core.training.meter import Meter
from digits_core.training.plan import TrainingPlan
from digits_core.training.record import Record
from digits_core.training.team import Team

OURS, HAND, KERAS = "ours", "by hand", "keras"
#: Steps that are done to learn how much memory they take.
FEW = 3


@dataclass(frozen=True, slots=True)
class Ours:
    """Everything that ``digits train`` does for its steps.

    Attributes:
        workload: What is trained.
        backend: Name of the backend.
        program: Built.
        reader: Pictures on disk.
        arrays: Where training starts.
        parameters: How many numbers are trained.
    """

    workload: Workload
    backend: str
    program: Program
    reader: SplitReader
    arrays: Arrays
    parameters: int

    @classmethod
    def of(cls, workload: Workload, backend_name: str, dataset_folder: Path, precision: Precision) -> Ours:
        """Build the program."""
        graph, dataset = workload.graph(), open_dataset(dataset_folder)
        backend = discover().backends.get(backend_name)()
        context = BuildContext(backend.devices()[0], batch=workload.batch)
        program = backend.build(graph, workload.solver, BackendOptions(precision=precision), context)
        arrays = initial_arrays(graph, 0) | mean_arrays(graph.input, dataset.mean)
        return cls(workload, backend_name, program, dataset.split("train"), arrays, graph.parameter_count)

    def train(self, steps: int, meter: Meter, wish: Callable[[], Wish | None]) -> list[TrainingLogged]:
        """Train from the start; gives what was logged."""
        workload, pictures = self.workload, len(self.reader)
        spec = JobSpec(
            dataset="bench",
            network=workload.network,
            epochs=steps * workload.batch / pictures,
            batch=workload.batch,
            solver=workload.solver,
            validate_every=0,
            snapshots=SnapshotOptions(every=0),
        )
        plan = TrainingPlan.of(spec, pictures, validates=False)
        loader = TrainLoader(self.reader, Sampler(pictures, workload.batch, 0), None, 0)
        with tempfile.TemporaryDirectory() as name:
            job = JobFolder(Path(name))
            job.snapshots_folder.mkdir()
            record, team = Record(job, spec, plan, self.backend, Patience()), Team(self.program.total)
            run = Training(spec, plan, self.program, loader, None, record, meter, wish, team, _nothing)
            train(run, self.program.load(dict(self.arrays)), 0)
            return [entry.fact for entry in read_facts(job.journal.path) if isinstance(entry.fact, TrainingLogged)]

    def turn(self) -> float:
        """Images per second over the logged intervals that begin after warming up."""
        logged = self.train(self.workload.warm_up + self.workload.steps, Meter(time.perf_counter()), _nothing)
        counted = [fact for fact in logged if fact.step - len(fact.losses) >= self.workload.warm_up]
        images = [len(fact.losses) * self.workload.batch for fact in counted]
        return sum(images) / sum(some / fact.images_per_second for some, fact in zip(images, counted, strict=True))

    def first_step(self, started: float) -> float:
        """Seconds since ``started`` when the scores of the first step are there; a few steps follow."""
        meter, asked = Meter(started), count(1)
        self.train(FEW + 1, meter, lambda: "abort" if next(asked) == FEW else None)
        return meter.first_step_s


@dataclass(frozen=True, slots=True)
class Theirs:
    """A loop over pictures in memory.

    Attributes:
        workload: What is trained.
        runner: The loop.
        warm_up: Steps of a turn that do not count.
    """

    workload: Workload
    runner: Runner
    warm_up: int

    @property
    def parameters(self) -> int:
        """How many numbers are trained."""
        return self.runner.parameters

    def turn(self) -> float:
        """Images per second after warming up."""
        if self.warm_up:
            self.runner.steps(self.warm_up)
        started = time.perf_counter()
        loss = self.runner.steps(self.workload.steps)
        if not math.isfinite(loss):
            raise ArithmeticError(f"the loss of {self.workload.network} became {loss}")
        return self.workload.steps * self.workload.batch / (time.perf_counter() - started)

    def first_step(self, started: float) -> float:
        """Seconds since ``started`` when the loss of the first step is there; a few steps follow."""
        self.runner.steps(1)
        seconds = time.perf_counter() - started
        self.runner.steps(FEW - 1)
        return seconds


def enter(name: str, network: str, backend: str, folder: Path, precision: Precision = "fp32") -> Ours | Theirs:
    """A contestant, ready to train.

    Args:
        name: `OURS`, `HAND` or `KERAS`.
        network: Name of the workload.
        backend: Name of the backend, which is that of the framework.
        folder: From `prepare_pictures`.
        precision: Number format of activations.
    """
    workload = WORKLOADS[network]
    if name == OURS:
        return Ours.of(workload, backend, folder / DATASET, precision)
    images, labels = np.load(folder / IMAGES), np.load(folder / LABELS)
    module = backend
    if name == KERAS:
        # One call of `fit` is an epoch; its first one, in which it compiles, counts for no one.
        module, os.environ["KERAS_BACKEND"] = "keras", backend
        images, labels = images[: workload.steps * workload.batch], labels[: workload.steps * workload.batch]
    loop = importlib.import_module(f"benchmarks.handwritten.{module}_loop")
    classes, solver = workload.input.classes, workload.solver
    runner = loop.make_runner(network, images, labels, classes, workload.batch, solver, precision)
    return Theirs(workload, runner, 0 if name == KERAS else workload.warm_up)


def _nothing() -> None:
    """Nobody wants anything, and nobody looks."""
