"""What is exported when there is no dataset, when the network is code, and what is heard meanwhile."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from digits_core.errors import CapabilityMissing, ExportUnfaithful, SpecInvalid
from digits_core.hooks.registry import discover
from digits_core.service.digits import Digits

SNIPPETS = Path(__file__).parents[2] / "docs" / "snippets"
DIGITS = Path(sys.executable).with_name("digits")


@pytest.fixture
def imported(home, tmp_path):
    """Model `net`: LeNet with names as PyTorch gives them, of no dataset."""
    return _import(tmp_path, "net", 0.1)


def _import(tmp_path, name, deviation):
    state = {}
    for layer, shape in {"conv1": (4, 3, 5, 5), "conv2": (6, 4, 5, 5), "fc1": (10, 96), "fc2": (3, 10)}.items():
        generator = np.random.default_rng(len(state))
        state[f"{layer}.weight"] = generator.normal(0, deviation, shape).astype(np.float32)
        state[f"{layer}.bias"] = np.zeros(shape[0], np.float32)
    safetensors.numpy.save_file(state, tmp_path / f"{name}.safetensors")
    request = {
        "name": name,
        "paths": [tmp_path / f"{name}.safetensors"],
        "network": "lenet:conv1=4,conv2=6,hidden=10",
        "normalization": "unit",
    }
    return Digits().import_model(request)


def _needs(format):
    missing = discover().exporters.entry(format).missing
    return pytest.mark.skipif(bool(missing), reason=f"format {format} needs {', '.join(missing)}")


@_needs("onnx")
def test_a_model_without_a_dataset_is_seen_on_drawn_pictures_and_int8_asks_for_one(imported, tmp_path):
    found = Digits().export("net", "onnx", tmp_path / "net.onnx")
    assert found.agreement.pictures == "16 drawn pictures" and found.agreement.accuracy is None
    with pytest.raises(SpecInvalid, match="--calibrate"):
        Digits().export("net", "onnx", tmp_path / "int8.onnx", precision="int8")


@_needs("onnx")
def test_numbers_too_large_for_the_precision_are_told_as_a_model_that_does_not_agree(home, tmp_path):
    _import(tmp_path, "huge", 1e6)
    with pytest.raises(ExportUnfaithful, match=r"fp16 does not agree .* NaN for \d+ of 16 .*--precision fp32"):
        Digits().export("huge", "onnx", tmp_path / "huge.onnx", precision="fp16", tolerance=1)
    assert not list(tmp_path.glob("huge.onnx*"))
    assert Digits().export("huge", "onnx", tmp_path / "huge.onnx").agreement.same_top1 == 1


@_needs("torch-export")
@pytest.mark.slow
def test_a_network_that_is_code_goes_to_formats_of_its_own_framework_only(trained, home, tmp_path):
    request = {"dataset": "colours", "network": str(SNIPPETS / "mynet.py"), "name": "mine", "backend": "torch"}
    digits = Digits(runs_code=True)
    assert digits.train({**request, "epochs": 1, "batch": 9, "options": {"compile": "off"}}).state == "done"
    found = digits.export("mine", "torch-export", tmp_path / "mine.pt2")
    assert found.agreement.runtime == "torch" and found.agreement.error < 1e-4
    for format, name in (("jax-orbax", "mine"), ("coreml", "mine.mlpackage")):
        if format in discover().exporters.available():
            with pytest.raises(CapabilityMissing, match="native to backend torch"):
                digits.export("mine", format, tmp_path / name)


@_needs("litert")
@pytest.mark.slow
def test_frameworks_are_not_heard(imported, home, tmp_path):
    command = [str(DIGITS), "export", "net", "--to", "litert", "-o", "net.tflite"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["Computing", "Writing"]
    assert done.stdout.startswith("net as litert, fp32: net.tflite")
