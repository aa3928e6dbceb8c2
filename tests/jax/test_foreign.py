"""Modules of other people as one layer: reproducible, and saved with everything that they keep."""

import numpy as np
import pytest

from digits_core.contracts.backend import shown_weights
from digits_core.errors import CapabilityMissing, NetworkInvalid
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Adam
from digits_core.testing.graphs import batch_of
from digits_core.testing.native import INPUT, native_op, native_trial, same_arrays

pytestmark = pytest.mark.backend("jax")

SOURCE = """
import jax.numpy as jnp
from flax import nnx

class Tied(nnx.Module):
    def __init__(self, classes, rngs):
        self.first = nnx.Linear(144, 144, rngs=rngs)
        self.blocks = nnx.List([nnx.BatchNorm(144, rngs=rngs), nnx.Dropout(0.4, rngs=rngs)])
        self.again = self.first
        self.head = nnx.Linear(144, classes, rngs=rngs)
        self.fixed = nnx.Variable(jnp.ones(144))
        self.passes = nnx.Variable(jnp.zeros((), jnp.int32))

    def __call__(self, x):
        self.passes[...] += 1
        x = self.blocks[0](self.first(x.reshape(len(x), -1))) * self.fixed
        return self.head(self.blocks[1](self.again(x)))

def network(input, rngs):
    return Tied(input.classes, rngs)
"""


@pytest.fixture
def backend():
    from digits_jax.backend import JaxBackend

    return JaxBackend()


def test_params_are_trained_once_and_everything_else_but_random_streams_is_kept(backend):
    trial = native_trial(backend, SOURCE)
    # Flax names what is shared by the first attribute in the alphabet.
    assert trial.trained == {
        *("again.kernel", "again.bias", "head.kernel", "head.bias"),
        *("blocks.0.scale", "blocks.0.bias"),
    }
    assert trial.kept == {"blocks.0.mean", "blocks.0.var", "fixed", "passes"}


def test_it_starts_as_the_seed_says(backend):
    first, again, other = (native_trial(backend, SOURCE, seed).arrays for seed in (3, 3, 4))
    assert same_arrays(first, again) and not same_arrays(first, other)


@pytest.mark.parametrize("options", [{}, {"accumulate": 2}, {"precision": "bf16"}], ids=str)
def test_a_training_that_was_interrupted_is_the_one_that_was_not(backend, options):
    trial = native_trial(backend, SOURCE, options=BackendOptions(**options))
    whole = trial.train(trial.arrays, range(4))
    half = trial.train(trial.arrays, range(2))
    assert same_arrays(trial.train(half, range(2, 4)), whole)
    assert whole["native/passes"] == 4 * options.get("accumulate", 1) and whole["native/passes"].dtype == np.int32
    assert np.array_equal(whole["native/fixed"], np.ones(144, np.float32))
    assert not np.array_equal(whole["native/head.kernel"], trial.arrays["native/head.kernel"])
    assert not np.array_equal(whole["native/blocks.0.mean"], trial.arrays["native/blocks.0.mean"])


def test_dropout_follows_the_step(backend):
    trial = native_trial(backend, SOURCE)
    program, batch = trial.program, trial.program.place(batch_of(trial.graph))
    losses = [float(program.train_step(program.load(trial.arrays), batch, 0.0, step)[1]["loss"]) for step in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]


def test_evaluation_has_no_dropout_and_leaves_statistics_alone(backend):
    trial = native_trial(backend, SOURCE)
    state, images = trial.program.load(trial.arrays), batch_of(trial.graph).images
    first, second = (trial.program.predict(state, images)["native"] for _ in range(2))
    assert np.array_equal(first, second) and first.shape == (6, 4)
    assert same_arrays({name: trial.program.save(state)[name] for name in trial.arrays}, trial.arrays)


def test_parts_of_different_sizes_are_refused(backend):
    with pytest.raises(CapabilityMissing, match="expects a batch that --accumulate 4 divides, found 6"):
        native_trial(backend, SOURCE, options=BackendOptions(accumulate=4))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "def network(input, rngs):\n    return 1\n",
            "expects network to return a flax.nnx.Module, found builtins.int",
        ),
        (SOURCE.replace("Linear(144, classes", "Linear(144, 7"), r"expects logits \[B, 4\] of two pictures, found"),
        (SOURCE.replace("+= 1", "+= undefined"), "NameError: name 'undefined' is not defined"),
    ],
    ids=["no module", "other logits", "fails"],
)
def test_a_file_that_gives_no_logits_is_refused(backend, source, words):
    with pytest.raises(NetworkInvalid, match=words):
        backend.native_arrays(native_op(backend, source), INPUT, 0)


def test_it_predicts_with_the_moving_average_of_its_weights(backend):
    trial = native_trial(backend, SOURCE, solver=Adam(average=0.5))
    saved = trial.train(trial.arrays, range(3))
    shown, images = shown_weights(saved), batch_of(trial.graph, size=4).images
    weights = {name: saved[name] for name in trial.arrays}
    averaged, same, other = (
        trial.program.predict(trial.program.load(arrays), images)["native"] for arrays in (saved, shown, weights)
    )
    assert np.array_equal(averaged, same) and not np.allclose(averaged, other, rtol=1e-3)
