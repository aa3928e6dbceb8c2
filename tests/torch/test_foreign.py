"""Modules of other people as one layer: reproducible, and saved with everything that they keep."""

import numpy as np
import pytest

from digits_core.contracts.backend import shown_weights
from digits_core.spec.solver import Adam
from digits_core.testing.graphs import batch_of
from digits_core.testing.native import native_trial, same_arrays

pytestmark = pytest.mark.backend("torch")

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


def test_a_shared_weight_is_trained_once_and_a_fixed_one_is_kept(backend):
    trial = native_trial(backend, SOURCE)
    names = ("first.weight", "first.bias", "second.bias", "norm.weight", "norm.bias", "head.weight", "head.bias")
    assert trial.trained == set(names)
    assert trial.kept == {"fixed", "norm.running_mean", "norm.running_var", "norm.num_batches_tracked"}


def test_it_starts_as_the_seed_says(backend):
    first, again, other = (native_trial(backend, SOURCE, seed).arrays for seed in (3, 3, 4))
    assert same_arrays(first, again) and not same_arrays(first, other)


def test_a_training_that_was_interrupted_is_the_one_that_was_not(backend):
    import torch

    trial = native_trial(backend, SOURCE)
    whole = trial.train(trial.arrays, range(5))
    torch.manual_seed(99)  # What else draws from torch's generator changes nothing.
    half = trial.train(trial.arrays, range(3))
    assert same_arrays(native_trial(backend, SOURCE).train(half, range(3, 5)), whole)
    assert whole["native/norm.num_batches_tracked"] == 5
    assert np.array_equal(whole["native/fixed"], np.ones(144, np.float32))
    assert not np.array_equal(whole["native/first.weight"], trial.arrays["native/first.weight"])


def test_evaluation_has_no_dropout_and_leaves_statistics_alone(backend):
    trial = native_trial(backend, SOURCE)
    state, images = trial.program.load(trial.arrays), batch_of(trial.graph).images
    first, second = (trial.program.predict(state, images)["native"] for _ in range(2))
    assert np.array_equal(first, second) and first.shape == (6, 4)
    assert same_arrays({name: trial.program.save(state)[name] for name in trial.arrays}, trial.arrays)


def test_it_predicts_with_the_moving_average_of_its_weights(backend):
    trial = native_trial(backend, SOURCE, solver=Adam(average=0.5))
    saved = trial.train(trial.arrays, range(3))
    shown, images = shown_weights(saved), batch_of(trial.graph, size=4).images
    weights = {name: saved[name] for name in trial.arrays}
    averaged, same, other = (
        trial.program.predict(trial.program.load(arrays), images)["native"] for arrays in (saved, shown, weights)
    )
    assert np.array_equal(averaged, same) and not np.allclose(averaged, other, rtol=1e-3)
