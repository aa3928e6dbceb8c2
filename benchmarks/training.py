"""LeNet on MNIST-shaped pictures: the whole of DIGITS over a loop written by hand, and over Keras.

``python -m benchmarks.training torch`` prints one JSON document. Everyone trains the same LeNet at batch 64 with SGD of
momentum 0.9 and decay in fp32 from uint8 pictures. Ours is everything that ``digits train`` does for its steps: shards
on disk, sampler, loader, prefetch, schedule, journal. Keras' `fit` gets its pictures as float32 in memory, which is its
fastest way. Nobody's first 40 steps count, in which frameworks trace, compile and choose their kernels; Keras' one
epoch follows on a whole one that did not count.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.duel import alternate
from digits_core.contracts.backend import BuildContext
from digits_core.dataset.create import create_dataset
from digits_core.dataset.loader import TrainLoader
from digits_core.dataset.opened import Dataset, open_dataset
from digits_core.dataset.sampler import Sampler
from digits_core.events.facts import TrainingLogged
from digits_core.events.journal import read_facts
from digits_core.graph.graph import NetworkInput
from digits_core.hooks.registry import discover
from digits_core.spec.dataset import DatasetSpec
from digits_core.spec.job import BackendOptions, JobSpec
from digits_core.spec.solver import Sgd
from digits_core.store.job import JobFolder
from digits_core.store.snapshots import Patience
from digits_core.training.initialize import initial_arrays
from digits_core.training.loop import Training, train
from digits_core.training.meter import Meter
from digits_core.training.plan import TrainingPlan
from digits_core.training.record import Record
from digits_core.training.team import Team

BATCH, COUNT, STEPS, WARM_UP = 64, 40_000, 600, 40
SOLVER = Sgd(rate=0.01, momentum=0.9, decay=0.0005)

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int32]


def make_pictures() -> tuple[Pixels, Labels]:
    """Random blobs of MNIST's shape, ten classes that can be told apart."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, COUNT).astype(np.int32)
    centres = random.integers(0, 200, (10, 28, 28, 1))
    return (centres[labels] + random.integers(0, 56, (COUNT, 28, 28, 1))).astype(np.uint8), labels


def make_dataset(folder: Path, images: Pixels, labels: Labels) -> Dataset:
    """The pictures as a dataset of raw shards, made through the public door."""
    source = folder / "idx"
    source.mkdir()
    header = bytes([0, 0, 8, 3]) + np.array([COUNT, 28, 28], ">i4").tobytes()
    (source / "train-images-idx3-ubyte").write_bytes(header + images.tobytes())
    header = bytes([0, 0, 8, 1]) + np.array([COUNT], ">i4").tobytes()
    (source / "train-labels-idx1-ubyte").write_bytes(header + labels.astype(np.uint8).tobytes())
    spec = DatasetSpec(name="bench", paths=(source,), width=28, height=28, channels=1, encoding="raw", val=0)
    create_dataset(spec, folder / "bench", discover().dataset_sources, None)
    return open_dataset(folder / "bench")


def ours(backend_name: str, dataset: Dataset, folder: Path) -> Callable[[], float]:
    """Our whole loop."""
    reader = dataset.split("train")
    spec = JobSpec(
        dataset="bench",
        network="lenet",
        epochs=STEPS * BATCH / len(reader),
        batch=BATCH,
        solver=SOLVER,
        validate_every=0,
    )
    family = discover().network_families.get("lenet")()
    graph = family.build(family.Params(), NetworkInput(1, 28, 28, 10, "image"))
    backend = discover().backends.get(backend_name)()
    program = backend.build(graph, SOLVER, BackendOptions(), BuildContext(backend.devices()[0]))
    loader = TrainLoader(reader, Sampler(len(reader), BATCH, 0), None, 0)
    arrays = initial_arrays(graph, 0) | {"input/mean": dataset.mean.transpose(2, 0, 1)}
    plan = TrainingPlan.of(spec, len(reader), validates=False)

    def run() -> float:
        job = JobFolder(Path(tempfile.mkdtemp(dir=folder)))
        job.snapshots_folder.mkdir(parents=True, exist_ok=True)
        record = Record(job, spec, plan, backend_name, Patience())
        meter = Meter(time.perf_counter())
        run = Training(spec, plan, program, loader, None, record, meter, nothing, Team(program.total), nothing)
        train(run, program.load(dict(arrays)), 0)
        return pace_after(WARM_UP, job.journal.path)

    return run


def nothing() -> None:
    """Nobody wants anything, and nobody looks."""


def pace_after(step: int, journal: Path) -> float:
    """Images per second over the logged intervals that begin at ``step`` or later."""
    logged = [record.fact for record in read_facts(journal) if isinstance(record.fact, TrainingLogged)]
    counted = [fact for fact in logged if fact.step - len(fact.losses) >= step]
    images = [len(fact.losses) * BATCH for fact in counted]
    return sum(images) / sum(count / fact.images_per_second for count, fact in zip(images, counted, strict=True))


def by_hand(backend_name: str, images: Pixels, labels: Labels) -> Callable[[], float]:
    """The hand-written loop of the framework."""
    module = importlib.import_module(f"benchmarks.handwritten.{backend_name}_lenet")
    steps = module.make_runner(images, labels, BATCH, SOLVER.rate, SOLVER.momentum, SOLVER.weight_decay)

    def run() -> float:
        steps(WARM_UP)
        started = time.perf_counter()
        steps(STEPS)
        return STEPS * BATCH / (time.perf_counter() - started)

    return run


def by_keras(backend_name: str, images: Pixels, labels: Labels) -> Callable[[], float]:
    """Keras 3 `fit` on the same framework."""
    os.environ["KERAS_BACKEND"] = backend_name
    from benchmarks.handwritten.keras_lenet import make_fit

    return make_fit(images[: STEPS * BATCH], labels[: STEPS * BATCH], BATCH, SOLVER)


def measure(backend_name: str) -> dict[str, object]:
    """Speeds in images per second, and the two ratios."""
    images, labels = make_pictures()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = make_dataset(folder, images, labels)
        contestants = {"ours": ours(backend_name, dataset, folder)}
        if backend_name != "numpy":
            contestants["by hand"] = by_hand(backend_name, images, labels)
            contestants["keras"] = by_keras(backend_name, images, labels)
        found = alternate(contestants)
    speed = {name: asdict(measured) for name, measured in found.items()}
    ratios = {f"ours / {name}": found["ours"].median / found[name].median for name in found if name != "ours"}
    return {"subject": "training", "backend": backend_name, "unit": "images/s", "speed": speed, "ratios": ratios}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
