"""What every group of tests shares: a home of its own, and skips that say why."""

import importlib.util
import json
import os
import shutil
import signal
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits_core.events.facts import RunPaused
from digits_core.hooks.registry import GROUP, collect, discover
from digits_core.service.digits import Digits
from digits_core.store.job import JobFolder


def pytest_sessionstart():
    # A shell that runs the tests in the background has Ctrl-C ignored, and every process that they start would inherit
    # that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item):
    for marker in item.iter_markers("backend"):
        if marker.args[0] not in discover().backends.available():
            pytest.skip(f"backend {marker.args[0]} is not installed here")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty DIGITS home, so that no test sees the user's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("DIGITS_HOME", str(folder))
    return folder


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """NVIDIA's driver as far as this process sees: `stand_ins/pynvml.py` with two GPUs, and faults to plant."""
    spec = importlib.util.spec_from_file_location("pynvml", Path(__file__).parent / "stand_ins" / "pynvml.py")
    library = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(library)
    (tmp_path / "libnvidia-ml.so.1").touch()
    monkeypatch.setitem(sys.modules, "pynvml", library)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return library


@pytest.fixture
def augmenting(monkeypatch):
    """What plugins bring, and `stand_ins/augmenting_plugin.py` beside them."""
    monkeypatch.syspath_prepend(Path(__file__).parent / "stand_ins")
    point = EntryPoint("augmenting", "augmenting_plugin", GROUP)
    return collect([*entry_points(group=GROUP), point])


@pytest.fixture
def signum(monkeypatch):
    """Distribution `signum` of somebody else is installed, here and in workers: it brings a solver."""
    tests = Path(__file__).parent
    folders = [str(tests / "stand_ins"), str(tests.parent / "docs" / "snippets")]
    for folder in folders:
        monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))
    discover.cache_clear()
    yield
    discover.cache_clear()


@pytest.fixture
def pictures(tmp_path):
    """A folder with a folder per class: 3 colours × 12 noisy pictures, 16×16."""
    return write_pictures(tmp_path / "pictures")


def write_pictures(folder, classes=("blue", "green", "red"), each=12, side=16):
    """Class folders that even a small network tells apart: in each, one channel is bright."""
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for index in range(each):
            pixels = np.random.default_rng([number, index]).integers(0, 80, (side, side, 3), dtype=np.uint8)
            pixels[:, :, 2 - number % 3] += 150
            Image.fromarray(pixels).save(folder / name / f"{index:02d}.png")
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A home with dataset `colours` and job `finished`: LeNet in numpy, 3 epochs with a snapshot after each."""
    place = tmp_path_factory.mktemp("finished")
    digits = Digits(place / "home")
    paths = (write_pictures(place / "pictures"),)
    digits.create_dataset({"name": "colours", "paths": paths, "width": 16, "height": 16, "encoding": "raw"})
    request = {
        "dataset": "colours",
        "network": "lenet",
        "name": "finished",
        "backend": "numpy",
        "epochs": 3,
        "batch": 9,
    }
    view = digits.train({**request, "solver": {"name": "sgd", "rate": 0.002}})
    assert view.state == "done", view
    return place


@pytest.fixture
def trained(finished, home):
    """The home of this test, with a copy of dataset `colours` and job `finished`; returns the pictures' folder."""
    shutil.copytree(finished / "home", home)
    return finished / "pictures"


@pytest.fixture
def paused(trained, home):
    """The folder of job `finished`, set back to where it was paused after two of its three epochs."""
    folder = JobFolder(home / "jobs" / "finished")
    shutil.rmtree(folder.snapshots_folder / "000003-epoch")
    lines = folder.journal.path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["kind"] != "run-finished"]
    folder.journal.path.write_bytes(b"".join(kept))
    folder.journal.append(RunPaused(6, 1))
    return folder
