"""A network as a plain torch module."""

import subprocess
import sys

import numpy as np
import pytest

import digits_torch
from digits_core.errors import DigitsError, SnapshotDamaged
from digits_core.graph.graph import Graph, LayerSpec
from digits_core.graph.ops import Conv, Dense, Input, Op
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, multiplied, weights_of

pytestmark = pytest.mark.backend("torch")


def test_importing_the_package_imports_no_torch():
    code = "import sys, digits_torch, digits_torch.plugin; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("case", ["batch-norm", "conv-asymmetric-padding", "average-pool-pixels-only", "dropout"])
def test_a_module_gives_the_logits_of_the_program(build, case):
    import torch

    graph = graph_of(OP_CASES[case])
    arrays, images = weights_of(graph), batch_of(graph).images
    program = build(graph)
    module = digits_torch.module(graph, arrays)
    with torch.no_grad():
        logits = module(torch.from_numpy(images))
    np.testing.assert_allclose(logits.numpy(), program.predict(program.load(arrays), images)["logits"], rtol=1e-5)


def test_layers_are_attributes_of_torchs_own_classes():
    from torch import nn

    graph = graph_of(OP_CASES["conv"])
    arrays = weights_of(graph)
    module = digits_torch.module(graph, arrays)
    assert type(module.first) is nn.Conv2d
    assert isinstance(module.logits, nn.Linear)
    np.testing.assert_array_equal(module.first.weight.detach().numpy(), arrays["first/kernel"])


def test_layer_names_that_torch_cannot_use_are_changed_and_stay_apart():
    from torch import nn

    layers = [
        LayerSpec("input", Input(channels=1, height=4, width=4)),
        LayerSpec("a.b", Conv(filters=2, kernel=1)),
        LayerSpec("a_b", Conv(filters=2, kernel=1)),
        LayerSpec("forward", Dense(units=3)),
        LayerSpec("training", Dense(units=2)),
    ]
    graph = Graph.of("awkward", layers)
    module = digits_torch.module(graph, weights_of(graph))
    assert isinstance(module.a_b, nn.Conv2d)
    assert isinstance(module.forward_, nn.Linear)
    assert isinstance(module.training_, nn.Linear)
    assert module.training is False
    assert len(list(module.children())) == len(layers)


def test_a_module_can_be_trained_by_torch_alone():
    import torch

    torch.manual_seed(0)
    graph = multiplied()
    batch = batch_of(graph)
    module = digits_torch.module(graph, weights_of(graph)).train()
    optimiser = torch.optim.SGD(module.parameters(), lr=0.01)
    losses = []
    for _ in range(20):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            module(torch.from_numpy(batch.images)), torch.from_numpy(batch.labels).long()
        )
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


def test_a_module_has_copies_of_the_arrays():
    import torch

    graph = graph_of(OP_CASES["dense"])
    arrays = weights_of(graph)
    before = arrays["logits/kernel"].copy()
    module = digits_torch.module(graph, arrays)
    with torch.no_grad():
        module.logits.weight.zero_()
    np.testing.assert_array_equal(arrays["logits/kernel"], before)


def test_wrong_weights_and_unknown_ops_are_refused_in_words():
    class Unheard(Op):
        kind = "unheard_of"

    graph = graph_of(OP_CASES["dense"])
    with pytest.raises(SnapshotDamaged, match="logits/kernel"):
        digits_torch.module(graph, {})
    strange = Graph.of(
        "strange",
        [
            *[LayerSpec("input", Input(channels=1, height=4, width=4))],
            LayerSpec("odd", Unheard()),
            LayerSpec("logits", Dense(units=2)),
        ],
    )
    with pytest.raises(DigitsError, match="unheard_of"):
        digits_torch.module(strange, weights_of(strange))
