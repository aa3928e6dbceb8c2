"""The number of devices changes the speed, never the curve: whole jobs on augmented pictures, a process per device."""

import itertools
import struct

import pytest

from digits_core.errors import PluginMissing
from digits_core.events.facts import RunStarted, TrainingLogged
from digits_core.events.journal import read_facts
from digits_core.scheduling.states import CLOSED
from digits_core.service.demo import read_digits
from digits_core.service.digits import Digits
from digits_core.store.job import JobFolder

STEPS, BATCH = 30, 50
#: Chance decides by position in the stream, so that whoever trains sees the same pictures.
AUGMENT = {"rotate": 10, "scale": 0.07, "border": "edge", "noise": 0.03, "cutout": 4}
frameworks = pytest.mark.parametrize(
    "backend", [pytest.param(name, marks=pytest.mark.backend(name)) for name in ("torch", "jax", "tensorflow")]
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """1,000 handwritten digits as IDX files."""
    folder = tmp_path_factory.mktemp("digits")
    try:
        pixels, labels = read_digits()
    except PluginMissing as missing:
        pytest.skip(str(missing))
    pixels, labels = pixels[::5], labels[::5]
    (folder / "train-images-idx3-ubyte").write_bytes(struct.pack(">4i", 2051, *pixels.shape) + pixels.tobytes())
    (folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 2049, len(labels)) + labels.tobytes())
    return folder


@pytest.fixture
def digits(pictures, monkeypatch):
    monkeypatch.setenv("DIGITS_CPU_DEVICES", "3")
    digits = Digits()
    digits.create_dataset({"name": "digits", "paths": (pictures,), "width": 28, "height": 28, "channels": 1, "val": 10})
    yield digits
    for view in digits.jobs():
        if view.state not in CLOSED:
            digits.interrupt(view.job, at_once=True)


def request(digits, name, backend, devices, steps=STEPS):
    return {
        "dataset": "digits",
        "network": "lenet",
        "name": name,
        "backend": backend,
        "devices": devices,
        "batch": BATCH,
        "data": {"augment": AUGMENT},
        "epochs": steps * BATCH / digits.dataset("digits").splits["train"],
        "solver": {"name": "sgd", "rate": 0.001},
        "schedule": {"policy": "fixed"},
    }


def losses(digits, name):
    facts = [recorded.fact for recorded in read_facts(JobFolder(digits.home.job_folder(name)).journal.path)]
    return [loss for fact in facts if isinstance(fact, TrainingLogged) for loss in fact.losses]


@frameworks
def test_one_two_and_three_devices_give_the_same_losses(digits, backend):
    # Fifty pictures on three devices: shares of 16, 17 and 17.
    for count in (1, 2, 3):
        targets = {"mixup": 0.4, "class_weights": "balanced"}
        view = digits.train({**request(digits, f"on{count}", backend, f"cpu:{count}"), "targets": targets})
        assert view.state == "done" and len(view.devices) == count, view.error
    expected = losses(digits, "on1")
    assert len(expected) == STEPS and expected[-1] < expected[0]
    for count in (2, 3):
        assert losses(digits, f"on{count}") == pytest.approx(expected, rel=1e-5)
        one, several = (digits.job(f"on{number}").metrics for number in (1, count))
        assert several == pytest.approx(one, rel=1e-4)


@pytest.mark.backend("torch")
def test_every_subset_of_three_devices_trains(digits):
    subsets = [subset for size in (1, 2, 3) for subset in itertools.combinations(range(3), size)]
    for subset in subsets:
        words = f"cpu:{subset[0]}-{subset[0]}" if len(subset) == 1 else f"cpu:{','.join(map(str, subset))}"
        name = "on" + "".join(map(str, subset))
        view = digits.train(request(digits, name, "torch", words, steps=3))
        assert view.state == "done" and view.devices == tuple(f"cpu:{index}" for index in subset), view.error
        assert losses(digits, name) == pytest.approx(losses(digits, "on0"), rel=1e-5)


class PauseAfter:
    """Asks for a pause once a run has logged so many steps."""

    def __init__(self, digits, job, step):
        self._digits, self._job, self._step = digits, job, step

    def started(self, job):
        pass

    def noted(self, message):
        pass

    def recorded(self, item):
        if isinstance(item.fact, TrainingLogged) and item.fact.step >= self._step:
            self._digits.interrupt(self._job)


@pytest.mark.backend("torch")
@pytest.mark.backend("jax")
@pytest.mark.backend("tensorflow")
def test_a_run_paused_on_three_devices_goes_on_on_one_and_on_two_of_another_backend(digits):
    steps = 400
    whole = digits.train(request(digits, "whole", "torch", "cpu:1", steps=steps))
    assert whole.state == "done"
    paused = digits.train(
        request(digits, "moved", "torch", "cpu:3", steps=steps), watcher=PauseAfter(digits, "moved", 1)
    )
    assert paused.state == "paused" and 0 < paused.step < steps
    paused = digits.resume(
        "moved", backend="jax", devices="cpu:1", watcher=PauseAfter(digits, "moved", paused.step + 1)
    )
    assert paused.state == "paused"
    done = digits.resume("moved", backend="tensorflow", devices="cpu:2")
    assert done.state == "done" and done.devices == ("cpu:0", "cpu:1") and done.runs == 3
    facts = [recorded.fact for recorded in read_facts(JobFolder(digits.home.job_folder("moved")).journal.path)]
    begun = [fact.step for fact in facts if isinstance(fact, RunStarted)]
    assert begun[0] == 0 < begun[1] < begun[2] < steps
    found, expected = losses(digits, "moved"), losses(digits, "whole")
    assert len(found) == steps and found[:50] == pytest.approx(expected[:50], rel=1e-3)
