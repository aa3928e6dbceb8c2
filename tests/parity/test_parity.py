"""One network, one start, one order of batches: LeNet's losses on real digits agree between the frameworks.

Rates are moderate. At high ones training amplifies rounding a thousandfold within thirty steps, once a near tie in a
pooling window falls differently; that is a property of training, not of a backend.
"""

import itertools
import statistics
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from digits_core.dataset.create import create_dataset
from digits_core.dataset.manifest import read_manifest
from digits_core.errors import PluginMissing
from digits_core.events.facts import TrainingLogged
from digits_core.events.journal import read_facts
from digits_core.graph.graph import NetworkInput
from digits_core.hooks.registry import discover
from digits_core.service.demo import read_digits
from digits_core.spec.dataset import DatasetSpec, PictureForm
from digits_core.spec.job import JobSpec
from digits_core.spec.model import parse
from digits_core.store.home import Home
from digits_core.store.job import JobFolder, JobRequest, RunRequest

STEPS = 50
SEEDS = (0, 1, 2)
#: Solvers of every kind, and rates that are moderate for them.
RATES = {"sgd": 0.001, "nesterov": 0.001, "adagrad": 0.0003, "rmsprop": 0.0001, "adam": 0.0001, "adamw": 0.00007}
BACKENDS = ("numpy", "torch", "jax", "tensorflow")
ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, *(pytest.mark.backend(name) for name in BACKENDS)]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A home with 5,000 handwritten digits, 28 × 28 gray."""
    folder = tmp_path_factory.mktemp("parity")
    try:
        pixels, labels = read_digits()
    except PluginMissing as missing:
        pytest.skip(str(missing))
    (folder / "train-images-idx3-ubyte").write_bytes(struct.pack(">4i", 2051, *pixels.shape) + pixels.tobytes())
    (folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 2049, len(labels)) + labels.tobytes())
    spec = DatasetSpec(name="digits", paths=(folder,), width=28, height=28, channels=1, encoding="raw", val=0)
    store = Home(folder / "home")
    create_dataset(spec, store.dataset_folder("digits"), discover().dataset_sources, None)
    return store


def _job(store, name, **fields):
    manifest = read_manifest(store.dataset_folder("digits"))
    count = manifest.splits["train"]
    given = {"dataset": "digits", "network": "lenet", "name": name}
    batch = fields.get("batch", 64)
    given |= {"batch": batch, "epochs": STEPS * batch / count}
    spec = parse(JobSpec, given | {"snapshots": {"every": 0}, "schedule": {"policy": "fixed"}} | fields)
    family = discover().network_families.get("lenet")()
    graph = family.build(family.Params(), NetworkInput(1, 28, 28, 10, "image"))
    request = JobRequest(
        id=name,
        created="2026-01-01T00:00:00Z",
        spec=spec,
        dataset_version=manifest.version,
        dataset_digest=manifest.digest,
        labels=manifest.labels,
        picture=PictureForm(width=28, height=28, channels=1, resize="squash"),
        backend="numpy",
    )
    return JobFolder.create(store, request, graph)


def _carry(backend, jobs, steps=STEPS + 1, number=1):
    """One process of ``backend`` carries a run of every job."""
    words = []
    for job in jobs:
        job.write_run(RunRequest(number=number, backend=backend, processes=(("cpu:0",),)))
        words += [str(job.path), str(steps)]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "carry.py"), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def _losses(job):
    facts = (recorded.fact for recorded in read_facts(job.journal.path))
    return [loss for fact in facts if isinstance(fact, TrainingLogged) for loss in fact.losses]


def _largest_difference(losses, expected):
    return max(abs(found / value - 1) for found, value in zip(losses, expected, strict=True))


@pytest.fixture(scope="module")
def curves(store):
    """By solver and backend the losses of a run for every seed; each backend carries all of them in one process."""
    found = {}
    for backend in BACKENDS:
        jobs = {
            (solver, seed): _job(
                store, f"{solver}-{backend}-{seed}", batch=16, seed=seed, solver={"name": solver, "rate": rate}
            )
            for solver, rate in RATES.items()
            for seed in SEEDS
        }
        _carry(backend, jobs.values())
        for (solver, _), job in jobs.items():
            found.setdefault((solver, backend), []).append(_losses(job))
    return found


@pytest.mark.parametrize("solver", RATES)
def test_the_first_fifty_losses_agree_between_the_backends(curves, solver):
    for curve in curves[solver, "numpy"]:
        assert len(curve) == STEPS
        assert statistics.mean(curve[-5:]) < 0.6 * curve[0]
    for one, other in itertools.combinations(BACKENDS, 2):
        pairs = zip(curves[solver, one], curves[solver, other], strict=True)
        differences = [_largest_difference(curve, expected) for curve, expected in pairs]
        # The median: about one run in ten meets a near tie, see above.
        assert statistics.median(differences) < 1e-4, f"{one} and {other}: {differences}"


def test_a_run_that_changes_frameworks_keeps_its_curve(store):
    whole, handed = (_job(store, name, solver={"name": "sgd", "rate": 0.001}) for name in ("whole", "handed-on"))
    _carry("torch", [whole])
    for number, (backend, steps) in enumerate(
        [("torch", 12), ("jax", 13), ("tensorflow", 12), ("torch", STEPS)], start=1
    ):
        _carry(backend, [handed], steps, number)
    assert len(_losses(handed)) == STEPS
    assert _losses(handed) == pytest.approx(_losses(whole), rel=1e-3)
