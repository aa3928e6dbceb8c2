"""A tiny dataset and jobs on it, run by the reference backend unless a test names another."""

import numpy as np
import pytest

from digits_core.contracts.dataset_source import DatasetSource, Item
from digits_core.contracts.entry import Entry
from digits_core.dataset.create import create_dataset
from digits_core.dataset.manifest import read_manifest
from digits_core.graph.adjustment import adjust
from digits_core.graph.codec import decode
from digits_core.graph.graph import NetworkInput
from digits_core.hooks.registry import OwnedEntry, Registry
from digits_core.spec.dataset import DatasetSpec, PictureForm
from digits_core.spec.job import JobSpec
from digits_core.spec.model import parse
from digits_core.store.home import Home
from digits_core.store.job import JobFolder, JobRequest, RunRequest
from digits_core.training.worker import work

CLASSES, PER_CLASS, SIDE = 3, 14, 8
LAYERS = [
    {"name": "conv", "op": "conv", "filters": 4, "kernel": 3, "bias": False},
    {"name": "norm", "op": "batch_norm"},
    {"name": "relu", "op": "relu"},
    {"name": "pool", "op": "max_pool", "kernel": 2, "stride": 2},
    {"name": "drop", "op": "dropout", "rate": 0.2},
    {"name": "logits", "op": "dense", "units": "$classes"},
]


class StripeSource(DatasetSource):
    """Pictures whose class is the place of a bright stripe in noise."""

    name = "stripes"

    def __init__(self, path, options):
        pass

    @classmethod
    def recognises(cls, path):
        return True

    def itemize(self):
        return [Item(f"{label}/{index}", str(label)) for label in range(CLASSES) for index in range(PER_CLASS)]

    def read(self, key):
        label, index = map(int, key.split("/"))
        picture = np.random.default_rng([label, index]).integers(0, 120, (SIDE, SIDE), dtype=np.uint8)
        picture[2 * label : 2 * label + 2] += 130
        return picture


@pytest.fixture
def store(home):
    """A home with the dataset `stripes`: 32 pictures to train on, 10 to validate."""
    home.mkdir()
    spec = DatasetSpec(
        name="stripes", paths=(home,), source="stripes", width=SIDE, height=SIDE, channels=1, val=24, encoding="raw"
    )
    entry = Entry("stripes", f"{__name__}:StripeSource", "Stripes.")
    sources = Registry(
        "dataset source", "digits_core.contracts.dataset_source:DatasetSource", [OwnedEntry(entry, "tests")]
    )
    create_dataset(spec, home / "datasets" / "stripes", sources, None)
    return Home(home)


@pytest.fixture
def make_job(store):
    """Make a job on `stripes` that is ready to run; keywords are fields of the request."""

    def make(id="job", *, backend="numpy", devices=("cpu:0",), **fields):
        manifest = read_manifest(store.dataset_folder("stripes"))
        data = {"crop": 6, **fields.pop("data", {})}
        given = {"dataset": "stripes", "network": "tiny", "name": id, "batch": 5, "epochs": 2, "data": data, **fields}
        spec = parse(JobSpec, given)
        side = spec.data.crop or SIDE
        input = NetworkInput(1, side, side, CLASSES, spec.data.mean)
        graph = decode({"name": "tiny", "input": {"scale": 1 / 255}, "layers": LAYERS}, input=input)
        graph = adjust(graph, spec.freeze, spec.decay_on)
        request = JobRequest(
            id=id,
            created="2026-01-01T00:00:00Z",
            spec=spec,
            dataset_version=manifest.version,
            dataset_digest=manifest.digest,
            labels=manifest.labels,
            picture=PictureForm(width=SIDE, height=SIDE, channels=1, resize="squash"),
            backend=backend,
        )
        job = JobFolder.create(store, request, graph)
        job.write_run(RunRequest(number=1, backend=backend, processes=(devices,)))
        return job

    return make


class Wishes:
    """What a person wants, by the number of steps done in this run: ``Wishes({3: "pause"})``."""

    def __init__(self, by_step=()):
        self._by_step = dict(by_step)
        self.steps = 0

    def wish(self):
        self.steps += 1
        return self._by_step.get(self.steps)

    def beat(self):
        pass


@pytest.fixture
def carry():
    """Carry one run of a job in this process; returns the exit status."""

    def carry(job, wishes=(), number=1):
        job.write_run(job.run().model_copy(update={"number": number}))
        return work(job, Wishes(wishes))

    return carry
