"""Families compute in every backend what they do in the reference, in float64: each layer, and a step of training."""

import functools
import math

import numpy as np
import pytest

from digits_core.contracts.exporter import Deployable, ExportOptions
from digits_core.graph.graph import NetworkInput
from digits_core.hooks.registry import discover
from digits_core.inference.classify import softmax
from digits_core.inference.exporting import TOLERANCES
from digits_core.service.networks import build_network
from digits_core.spec.dataset import PictureForm
from digits_core.testing.graphs import batch_of
from digits_core.testing.runs import FORWARD_TOLERANCE, GRADIENT_TOLERANCE, Run, build, error_of
from digits_core.training.initialize import generator_for, initial_arrays

#: Moves up to this are rounding.
NOTHING = 1e-9
#: Every family, tiny: height and width of its pictures.
TINY = {
    "lenet:conv1=4,conv2=6,hidden=10": (16, 18),
    "alexnet:filters=[4,8,6,8,4],hidden=16": (63, 71),
    "googlenet:width=0.1": (47, 56),
    "vgg-11:width=4,hidden=16,batch_norm=true": (32, 40),
    "resnet-18:width=4,small_pictures=true": (9, 12),
    "resnet-50:width=4,zero_init=true": (33, 40),
    "squeezenet-1.1": (25, 33),
    "mobilenet-v2:width=0.1": (32, 40),
    "efficientnet-b0": (16, 16),
    "convnext-tiny:depths=[1,1,2,1],widths=[8,12,16,20],layer_scale=0.5": (32, 40),
    "vit-tiny:depth=2,patch=8,dropout=0.1": (16, 24),
    "unet-encoder:width=4,levels=3": (18, 20),
}

#: TensorFlow and JAX compile for seconds.
frameworks = pytest.mark.parametrize(
    "backend",
    [
        pytest.param("torch", marks=pytest.mark.backend("torch")),
        pytest.param("jax", marks=[pytest.mark.backend("jax"), pytest.mark.slow]),
        pytest.param("tensorflow", marks=[pytest.mark.backend("tensorflow"), pytest.mark.slow]),
    ],
)


def lively(graph):
    """Weights with which a gradient reaches every layer; as papers start theirs, the first see next to nothing."""
    arrays = initial_arrays(graph, seed=1)
    for name, array in arrays.items():
        if name.endswith("/kernel"):
            std = math.sqrt(2 / math.prod(array.shape[1:]))
            arrays[name] = (std * generator_for(2, name).standard_normal(array.shape)).astype(np.float32)
        elif name.endswith("/scale") and not array.any():
            arrays[name] = np.full_like(array, 0.5)
    return arrays | {"input/mean": np.full((3, 1, 1), 120, np.float32)}


def graph_of(text):
    input = NetworkInput(3, *TINY[text], classes=5, mean="pixel")
    return build_network(text, input, discover().network_families)


@functools.cache
def trained(backend, text):
    """Activations of every layer for a batch, the loss of a step, and how far it moved each weight that learns."""
    graph = graph_of(text)
    program, before = build(discover().backends.get(backend)(), graph, precision="fp64"), lively(graph)
    run = Run(program, graph, before)
    names = [layer.name for layer in graph.layers]
    found = program.predict(run.state, batch_of(graph).images, names)
    (scores,) = run.advance([1.0])  # Moves are differences, which a small rate would leave to rounding.
    after = run.arrays()
    learned = [name for name, parameter in graph.parameters.items() if parameter.trainable]
    moves = {name: after[name] - np.float64(before[name]) for name in learned}
    return {name: found[name] for name in names}, scores["loss"], moves


@frameworks
@pytest.mark.parametrize("text", TINY)
def test_a_family_agrees_with_the_reference(text, backend):
    layers, loss, moves = trained("numpy", text)
    found_layers, found_loss, found_moves = trained(backend, text)
    apart = {name: error_of(found_layers[name], array) for name, array in layers.items()}
    wrong = [name for name, error in apart.items() if error > FORWARD_TOLERANCE["fp64"]]
    assert not wrong, f"first at layer {wrong[0]}: {apart[wrong[0]]}"
    assert found_loss == pytest.approx(loss, rel=FORWARD_TOLERANCE["fp64"])
    # Batch norm takes away what a bias or an offset before it adds, and some units of so few are never active.
    moved = {name for name, move in moves.items() if np.abs(move).max() > NOTHING}
    assert len(moved) > 2 / 3 * len(moves)
    errors = {name: error_of(found_moves[name], moves[name]) for name in moved}
    assert max(errors.values()) <= GRADIENT_TOLERANCE["fp64"], max(errors, key=errors.get)
    assert all(np.abs(found_moves[name]).max() <= NOTHING for name in moves.keys() - moved)


@pytest.mark.skipif("onnx" not in discover().runtimes.available(), reason="ONNX Runtime is not installed here")
@pytest.mark.parametrize("text", TINY)
def test_a_family_agrees_as_onnx_with_the_reference(text, tmp_path):
    layers, *_ = trained("numpy", text)
    graph = graph_of(text)
    runtime = discover().runtimes.get("onnx")()
    images, arrays = batch_of(graph).images, lively(graph)
    found = runtime.load(graph, arrays, list(layers)).predict(images)
    apart = {name: error_of(found[name], array) for name, array in layers.items()}
    wrong = [name for name, error in apart.items() if error > FORWARD_TOLERANCE["fp32"]]
    assert not wrong, f"first at layer {wrong[0]}: {apart[wrong[0]]}"
    alone = runtime.load(graph, arrays).predict(images)[graph.output]
    assert error_of(alone, layers[graph.output]) <= FORWARD_TOLERANCE["fp32"]
    written = probabilities_of_file(graph, arrays, images, tmp_path / "model.onnx")
    assert np.abs(written - softmax(layers[graph.output])).max() <= TOLERANCES["fp32"] == 1e-4


def probabilities_of_file(graph, arrays, images, file):
    """What the exported file gives, without heads that only training needs."""
    exporter, needed = discover().exporters.get("onnx")(), graph.classifying()
    height, width = images.shape[1:3]
    form = PictureForm(width=width, height=height, channels=3, resize="squash")
    model = Deployable(graph.name, needed, {name: arrays[name] for name in needed.parameters}, (), form)
    exporter.export(model, ExportOptions(), file)
    return exporter.run(model, file, images)
