"""Modules of other people as one layer: reproducible, and saved with everything that they keep."""

import numpy as np
import pytest

from digits_core.contracts.backend import BuildContext
from digits_core.graph.graph import NetworkInput
from digits_core.graph.native import Native, NativeWeight, digest_of, native_graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Adam
from digits_core.testing.graphs import batch_of

pytestmark = pytest.mark.backend("torch")

INPUT = NetworkInput(channels=2, height=9, width=8, classes=4)
SOURCE = """
import torch
from torch import nn

class Tied(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.first = nn.Linear(144, 144)
        self.second = nn.Linear(144, 144)
        self.second.weight = self.first.weight
        self.norm = nn.BatchNorm1d(144)
        self.head = nn.Linear(144, classes)
        self.fixed = nn.Parameter(torch.ones(144), requires_grad=False)

    def forward(self, x):
        x = self.norm(self.first(x.flatten(1))) * self.fixed
        return self.head(nn.functional.dropout(self.second(x), 0.4, self.training))

def network(input):
    return Tied(input.classes)
"""


@pytest.fixture
def backend():
    from digits_torch.backend import TorchBackend

    return TorchBackend()


def start(backend, seed=0, precision="fp32"):
    op = Native(backend="torch", file="tied.py", source=SOURCE, digest=digest_of(SOURCE), classes=4)
    found = backend.native_arrays(op, INPUT, seed)
    weights = [NativeWeight(name=name, shape=array.shape) for name, array in found.trained.items()]
    weights += [NativeWeight(name=name, shape=array.shape, trainable=False) for name, array in found.kept.items()]
    graph = native_graph("tied", INPUT, op.model_copy(update={"weights": tuple(weights)}))
    context = BuildContext(backend.devices()[-1], seed=seed, batch=6)
    program = backend.build(graph, Adam(), BackendOptions(precision=precision), context)
    return program, graph, {f"native/{name}": array for name, array in (found.trained | found.kept).items()}


def train(program, graph, arrays, steps):
    state = program.load(arrays)
    for step in steps:
        state, _ = program.train_step(state, program.place(batch_of(graph, seed=step)), 0.01, step)
    return program.save(state)


def equal(first, second):
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def test_a_shared_weight_is_trained_once_and_a_fixed_one_is_kept(backend):
    _, graph, arrays = start(backend)
    trained = {name for name, parameter in graph.parameters.items() if parameter.trainable}
    names = ("first.weight", "first.bias", "second.bias", "norm.weight", "norm.bias", "head.weight", "head.bias")
    assert trained == {f"native/{name}" for name in names}
    kept = {"fixed", "norm.running_mean", "norm.running_var", "norm.num_batches_tracked"}
    assert arrays.keys() - trained == {f"native/{name}" for name in kept}


def test_it_starts_as_the_seed_says(backend):
    assert equal(start(backend, seed=3)[2], start(backend, seed=3)[2])
    assert not equal(start(backend, seed=3)[2], start(backend, seed=4)[2])


def test_a_training_that_was_interrupted_is_the_one_that_was_not(backend):
    import torch

    program, graph, arrays = start(backend)
    whole = train(program, graph, arrays, range(5))
    torch.manual_seed(99)  # What else draws from torch's generator changes nothing.
    half = train(program, graph, arrays, range(3))
    assert equal(train(start(backend)[0], graph, half, range(3, 5)), whole)
    assert whole["native/norm.num_batches_tracked"] == 5
    assert np.array_equal(whole["native/fixed"], np.ones(144, np.float32))
    assert not np.array_equal(whole["native/first.weight"], arrays["native/first.weight"])


def test_evaluation_has_no_dropout_and_leaves_statistics_alone(backend):
    program, graph, arrays = start(backend)
    state, images = program.load(arrays), batch_of(graph).images
    first, second = (program.predict(state, images)["native"] for _ in range(2))
    assert np.array_equal(first, second) and first.shape == (6, 4)
    assert equal({name: program.save(state)[name] for name in arrays}, arrays)
