"""ONNX files: what is in them, and what they compute in every precision."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed here")
import onnx
import onnxruntime

from digits_core.contracts.exporter import Deployable, ExportOptions
from digits_core.errors import SpecInvalid
from digits_core.hooks.registry import discover
from digits_core.inference.classify import softmax
from digits_core.spec.dataset import PictureForm
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, two_headed, weights_of
from digits_core.testing.runs import build, reference
from digits_onnx.model import onnx_model

SNIPPETS = Path(__file__).parents[2] / "docs" / "snippets"
#: Largest difference of probabilities.
TOLERANCE = {"fp32": 1e-6, "fp16": 5e-3, "int8": 0.15}


def deployable(graph):
    form = PictureForm(width=8, height=9, channels=2, resize="squash")
    return Deployable("job@000001-epoch", graph, weights_of(graph), ("a", "b", "c", "d"), form)


@pytest.fixture
def exporter():
    return discover().exporters.get("onnx")()


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize("case", ["mobile", "next", "transformer", "lrn", "average-pool-ceil"])
def test_probabilities_stay_close_in_every_precision(exporter, case, precision, tmp_path):
    model, file = deployable(graph_of(OP_CASES[case])), tmp_path / "model.onnx"
    program = build(reference(), model.graph, precision="fp64")
    images = batch_of(model.graph, 20).images
    expected = softmax(program.predict(program.load(model.arrays), images)[model.graph.output])
    exporter.export(model, ExportOptions(precision, batch_of(model.graph, 40, seed=3).images), file)
    onnx.checker.check_model(onnx.load(file), full_check=True)
    found = exporter.run(model, file, images)
    assert found.dtype == np.float32 and found.shape == (20, 4)
    error = np.abs(found - expected).max()
    assert error <= TOLERANCE[precision] and (precision == "fp32" or error > 1e-9)


def test_a_file_tells_what_its_receiver_has_to_know(exporter, tmp_path):
    model, file = deployable(two_headed()), tmp_path / "model.onnx"
    exporter.export(model, ExportOptions(), file)
    session = onnxruntime.InferenceSession(file)
    (images,), (probabilities, logits) = session.get_inputs(), session.get_outputs()
    assert (images.name, images.type, images.shape) == ("images", "tensor(uint8)", ["B", 9, 8, 2])
    assert (probabilities.name, probabilities.type, probabilities.shape) == ("probabilities", "tensor(float)", ["B", 4])
    assert (logits.name, logits.shape) == (model.graph.output, ["B", 4])
    told = session.get_modelmeta().custom_metadata_map
    assert told["name"] == model.name and json.loads(told["labels"]) == list(model.labels)
    assert json.loads(told["picture"]) == {"width": 8, "height": 9, "channels": 2, "resize": "squash"}
    assert not any("side" in node.name for node in onnx.load(file).graph.node), "heads that only train are left out"


def test_a_file_is_the_same_when_it_is_written_again(exporter, tmp_path):
    for name in ("first", "second"):
        exporter.export(deployable(graph_of(OP_CASES["mobile"])), ExportOptions(), tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_half_precision_halves_the_file(exporter, tmp_path):
    model = deployable(graph_of([{"name": "wide", "op": "dense", "units": 500}, OP_CASES["dense"][-1]]))
    sizes = {}
    for precision in ("fp32", "fp16"):
        exporter.export(model, ExportOptions(precision), tmp_path / precision)
        sizes[precision] = (tmp_path / precision).stat().st_size
    assert sizes["fp16"] < 0.6 * sizes["fp32"]


@pytest.mark.parametrize("pictures", [None, np.zeros((0, 9, 8, 2), np.uint8)])
def test_int8_needs_pictures(exporter, pictures, tmp_path):
    with pytest.raises(SpecInvalid, match="int8 expects pictures"):
        exporter.export(deployable(graph_of(OP_CASES["conv"])), ExportOptions("int8", pictures), tmp_path / "x.onnx")
    assert list(tmp_path.iterdir()) == []


def test_layers_may_be_called_as_what_goes_in_and_comes_out():
    names = ({"name": "images", "op": "relu"}, {"name": "probabilities", "op": "tanh"})
    graph = graph_of([*OP_CASES["conv"][:1], *names, OP_CASES["conv"][-1]])
    model = onnx_model(graph, weights_of(graph), ["images", "probabilities"], softmax=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    assert [value.name for value in session.get_outputs()] == ["probabilities/0", "images", "probabilities"]
    likely, rectified, _ = session.run(None, {"images/0": batch_of(graph).images})
    np.testing.assert_allclose(likely.sum(1), 1, rtol=1e-6)
    assert rectified.min() == 0


def test_the_snippet_of_the_guide_gives_what_it_says(trained):
    given = runpy.run_path(SNIPPETS / "predict.py")
    channels, height, width = given["model"].graph.layers[0].output
    found = given["predictor"].predict(np.zeros((3, height, width, channels), np.uint8))
    assert found.keys() == {given["model"].graph.output, "conv1"} and found["conv1"].shape[:2] == (3, 20)


def test_predicting_imports_no_framework(trained):
    code = (
        "import sys; from pathlib import Path; from digits_core.service.digits import Digits\n"
        "view = Digits().classify('finished', [Path(sys.argv[1])])\n"
        "assert view.backend == 'onnx' and view.predictions[0].top, view\n"
        "print([name for name in ('torch', 'jax', 'tensorflow', 'digits_numpy.ops') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, trained / "red" / "00.png"], capture_output=True, text=True, check=False
    )
    assert done.stdout == "[]\n", done.stderr
