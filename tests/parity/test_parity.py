"""One network, one start, one order of batches: LeNet's losses on real digits agree between the frameworks.

Rates are moderate. At high ones training amplifies rounding a thousandfold within thirty steps, once a near tie in a
pooling window falls differently; that is a property of training, not of a backend.
"""

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
from digits_core.spec.dataset import DatasetSpec
from digits_core.spec.job import JobSpec
from digits_core.spec.model import parse
from digits_core.spec.solver import SOLVERS
from digits_core.store.home import Home
from digits_core.store.job import JobFolder, JobRequest, PictureForm, RunRequest

STEPS = 50
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
    given = {"dataset": "digits", "network": "lenet", "name": name, "epochs": STEPS * 64 / count}
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
        job.write_run(RunRequest(number=number, backend=backend, devices=("cpu:0",)))
        words += [str(job.path), str(steps)]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "carry.py"), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def _losses(job):
    facts = (recorded.fact for recorded in read_facts(job.journal.path))
    return [loss for fact in facts if isinstance(fact, TrainingLogged) for loss in fact.losses]


def test_the_first_fifty_losses_agree_for_every_solver(store):
    rates = {"sgd": 0.001, "nesterov": 0.001, "adagrad": 0.001, "adam": 0.0001}
    losses = {}
    for backend in BACKENDS:
        jobs = {
            solver: _job(store, f"{solver}-{backend}", solver={"name": solver, "rate": rates[solver]})
            for solver in SOLVERS
        }
        _carry(backend, jobs.values())
        for solver, job in jobs.items():
            losses[solver, backend] = _losses(job)
            assert len(losses[solver, backend]) == STEPS
    for solver in SOLVERS:
        expected = losses[solver, "numpy"]
        assert max(expected[-5:]) < expected[0] / 2
        for backend in BACKENDS[1:]:
            assert losses[solver, backend] == pytest.approx(expected, rel=1e-4), f"{solver} in {backend}"


def test_a_run_that_changes_frameworks_keeps_its_curve(store):
    whole, handed = (_job(store, name, solver={"name": "sgd", "rate": 0.001}) for name in ("whole", "handed-on"))
    _carry("torch", [whole])
    for number, (backend, steps) in enumerate(
        [("torch", 12), ("jax", 13), ("tensorflow", 12), ("torch", STEPS)], start=1
    ):
        _carry(backend, [handed], steps, number)
    assert len(_losses(handed)) == STEPS
    assert _losses(handed) == pytest.approx(_losses(whole), rel=1e-3)
