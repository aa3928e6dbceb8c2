"""Networks that are Python files: trained in their own backend, refused everywhere else, and never run by accident."""

import json
import shutil
import textwrap
from pathlib import Path

import numpy as np
import pytest

from digits_core.cli.main import run
from digits_core.errors import CapabilityMissing, NetworkInvalid, SpecInvalid
from digits_core.events.facts import RunPaused
from digits_core.graph.native import native_of
from digits_core.service.digits import Digits
from digits_core.spec.files import dump_yaml
from digits_core.store.job import JobFolder
from digits_core.store.snapshots import latest_usable, list_snapshots

SNIPPETS = Path(__file__).parents[2] / "docs" / "snippets"
FILE = """
from torch import nn

def network(input):
    return nn.Sequential(
        nn.Conv2d(input.channels, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Dropout(0.3), nn.Linear(24, input.classes),
    )
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return path


def request(file, **changes):
    asked = {"dataset": "colours", "network": str(file), "name": "mine", "backend": "torch", "devices": "cpu:1"}
    return {**asked, "epochs": 12, "batch": 9, "solver": {"name": "adam", "rate": 0.02}, **changes}


def set_back(folder):
    """Make of a finished job one that was paused an epoch before its end."""
    shutil.rmtree(folder.snapshots_folder / list_snapshots(folder.snapshots_folder)[-1].name)
    lines = folder.journal.path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["kind"] != "run-finished"]
    folder.journal.path.write_bytes(b"".join(kept))
    folder.journal.append(RunPaused(list_snapshots(folder.snapshots_folder)[-1].step, 1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "weight", "shape"),
    [
        pytest.param("jax", "native/layers.1.first.kernel", (3, 3, 16, 16), marks=pytest.mark.backend("jax")),
        pytest.param("tensorflow", "native/convs.1.kernel", (3, 3, 16, 16), marks=pytest.mark.backend("tensorflow")),
    ],
)
def test_a_module_of_any_framework_trains_goes_on_and_classifies(trained, home, backend, weight, shape):
    digits, file = Digits(runs_code=True), SNIPPETS / f"mynet_{backend}.py"
    view = digits.train(request(file, backend=backend, epochs=20, validate_every=20, snapshots={"every": 10}))
    assert view.state == "done" and view.metrics["val/accuracy"] > 0.9, view
    folder = JobFolder(home / "jobs" / "mine")
    whole = latest_usable(folder.snapshots_folder).arrays
    assert whole[weight].shape == whole[f"solver/first_moment/{weight}"].shape == shape
    set_back(folder)
    assert digits.resume("mine").state == "done"
    again = latest_usable(folder.snapshots_folder).arrays
    assert all(np.array_equal(again[name], array) for name, array in whole.items())
    found = digits.classify("mine", [trained / "red" / "00.png"])
    assert (found.backend, found.predictions[0].top[0].label) == (backend, "red")
    with pytest.raises(CapabilityMissing, match=f"native to backend {backend}, found numpy"):
        digits.resume("mine", backend="numpy")
    with pytest.raises(CapabilityMissing, match=f"native to backend {backend}, found numpy"):
        digits.evaluate("mine", backend="numpy")


@pytest.mark.slow
@pytest.mark.backend("torch")
def test_a_module_of_torch_trains_snapshots_resumes_and_classifies(trained, file, home, capsys):
    digits = Digits(runs_code=True)
    view = digits.train(request(file))
    assert view.state == "done" and view.metrics["val/accuracy"] > 0.9, view
    folder = JobFolder(home / "jobs" / "mine")
    op = native_of(folder.graph())
    assert op.source == FILE and op.backend == "torch"
    arrays = latest_usable(folder.snapshots_folder).arrays
    assert arrays["native/0.weight"].shape == (6, 3, 3, 3)
    assert arrays["native/1.num_batches_tracked"] == view.step
    assert arrays["solver/first_moment/native/6.bias"].shape == (3,)
    # The job keeps its own copy.
    file.unlink()
    found = digits.classify("mine", [trained / "red" / "00.png"])
    assert (found.backend, found.predictions[0].top[0].label) == ("torch", "red")
    with pytest.raises(CapabilityMissing, match=r"native to backend torch, found numpy"):
        digits.classify("mine", [trained / "red" / "00.png"], backend="numpy")
    with pytest.raises(CapabilityMissing, match=r"native to backend torch, found numpy"):
        digits.resume("mine", backend="numpy")
    with pytest.raises(SpecInvalid, match="from which no other job can start"):
        digits.train({"dataset": "colours", "start": "mine"})
    # A clone at the command line may run it: only the devices are wrong.
    assert run(["job", "clone", "mine", "--name", "other", "--set", "devices=cpu:2"]) == 2
    assert "trains on one device, found 2" in capsys.readouterr().err


@pytest.mark.backend("torch")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import torch\n\ndef network(input):\n    return torch.nn.Linear(3, x)\n", "mine.py:4"),
        ("def network(input):\n    return (\n", "SyntaxError"),
        ("def net(input):\n    return 1\n", "no function network"),
        ("def network(input):\n    return 1\n", "expects network to return a torch.nn.Module, found builtins.int"),
        (FILE.replace("input.classes", "7"), "expects logits [B, 3] of two pictures, found (2, 7)"),
        (FILE.replace("24", "25"), "RuntimeError"),
    ],
)
def test_a_file_that_gives_no_network_is_refused_before_a_job_is_made(trained, file, home, text, words):
    file.write_text(textwrap.dedent(text))
    with pytest.raises(NetworkInvalid) as refused:
        Digits(runs_code=True).train(request(file))
    assert words in str(refused.value) and not (home / "jobs" / "mine").exists()


def test_what_is_not_possible_says_so(trained, file):
    digits = Digits(runs_code=True)
    with pytest.raises(NetworkInvalid, match="Backend numpy takes no native networks"):
        digits.train(request(file, backend="numpy"))
    with pytest.raises(SpecInvalid, match="starts as its framework starts it, found start finished"):
        digits.train(request(file, backend="numpy", start="finished"))
    with pytest.raises(CapabilityMissing, match="native network, which trains on one device, found 2"):
        digits.train(request(file, backend="numpy", devices="cpu:2"))


def test_a_file_is_only_run_where_a_person_names_it(trained, file, tmp_path):
    sign = tmp_path / "it-ran"
    file.write_text(f"open({str(sign)!r}, 'w')\n{FILE}")
    with pytest.raises(NetworkInvalid, match="from a person at the command line only"):
        Digits().train(request(file))
    with pytest.raises(NetworkInvalid, match="nobody but its framework knows its layers"):
        Digits(runs_code=True).network(str(file), "colours")
    layers = [{"name": "native", "op": "native", "backend": "torch", "file": "a.py", "source": file.read_text()}]
    (tmp_path / "net.yaml").write_text(dump_yaml({"name": "net", "layers": layers}))
    with pytest.raises(NetworkInvalid, match="unknown op 'native'"):
        Digits(runs_code=True).network(str(tmp_path / "net.yaml"))
    assert not sign.exists()
