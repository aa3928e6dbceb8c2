"""Modules of other people as one layer: reproducible, and saved with everything that they keep."""

import numpy as np
import pytest

from digits_core.errors import CapabilityMissing, NetworkInvalid
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Adam
from digits_core.testing.graphs import batch_of
from digits_core.testing.native import INPUT, native_op, native_trial, same_arrays

pytestmark = pytest.mark.backend("tensorflow")

SOURCE = """
import tensorflow as tf

class Dense(tf.Module):
    def __init__(self, size, units, generator):
        self.kernel = tf.Variable(generator.normal([size, units]) / 12)
        self.bias = tf.Variable(tf.zeros(units))

    def __call__(self, x):
        return x @ self.kernel + self.bias

class Tied(tf.Module):
    def __init__(self, classes, generator):
        self.generator = generator
        self.layers = [Dense(144, 144, generator), Dense(144, classes, generator)]
        self.again = self.layers[0]
        self.mean = tf.Variable(tf.zeros(144), trainable=False)
        self.passes = tf.Variable(0, trainable=False)

    def __call__(self, x, training):
        x = self.layers[0](tf.reshape(x, [-1, 144]))
        if training:
            self.passes.assign_add(1)
            self.mean.assign(0.9 * self.mean + 0.1 * tf.reduce_mean(x, 0))
            x *= tf.cast(self.generator.uniform(tf.shape(x)) < 0.6, tf.float32) / 0.6
        return self.layers[1](self.again(x - self.mean))

def network(input, generator):
    return Tied(input.classes, generator)
"""


@pytest.fixture
def backend():
    from digits_tensorflow.backend import TensorFlowBackend

    return TensorFlowBackend()


def test_variables_are_trained_once_or_kept_and_the_state_of_the_generator_with_them(backend):
    trial = native_trial(backend, SOURCE)
    assert trial.trained == {"again.kernel", "again.bias", "layers.1.kernel", "layers.1.bias"}
    assert trial.kept == {"generator._state_var", "mean", "passes"}


def test_it_starts_as_the_seed_says(backend):
    first, again, other = (native_trial(backend, SOURCE, seed).arrays for seed in (3, 3, 4))
    assert same_arrays(first, again) and not same_arrays(first, other)


@pytest.mark.parametrize("options", [{}, {"accumulate": 2}], ids=str)
def test_a_training_that_was_interrupted_is_the_one_that_was_not(backend, options):
    trial = native_trial(backend, SOURCE, options=BackendOptions(**options))
    whole = trial.train(trial.arrays, range(4))
    half = trial.train(trial.arrays, range(2))
    assert same_arrays(trial.train(half, range(2, 4)), whole)
    assert whole["native/passes"] == 4 * options.get("accumulate", 1) and whole["native/passes"].dtype == np.int32
    assert not np.array_equal(whole["native/again.kernel"], trial.arrays["native/again.kernel"])
    assert not np.array_equal(whole["native/mean"], trial.arrays["native/mean"])


def test_evaluation_has_no_dropout_and_leaves_statistics_alone(backend):
    trial = native_trial(backend, SOURCE)
    state, images = trial.program.load(trial.arrays), batch_of(trial.graph).images
    first, second = (trial.program.predict(state, images)["native"] for _ in range(2))
    assert np.array_equal(first, second) and first.shape == (6, 4)
    assert same_arrays({name: trial.program.save(state)[name] for name in trial.arrays}, trial.arrays)


def test_another_number_format_is_refused(backend):
    with pytest.raises(CapabilityMissing, match="computes in fp32, found bf16"):
        native_trial(backend, SOURCE, options=BackendOptions(precision="bf16"))


def test_a_moving_average_is_refused_because_the_module_reads_its_own_weights(backend):
    with pytest.raises(CapabilityMissing, match="not a moving average"):
        native_trial(backend, SOURCE, solver=Adam(average=0.9))


HIDING = SOURCE.replace("def network", "HIDDEN = tf.Variable(1.0)\n\ndef network").replace(
    "0.9 * self", "HIDDEN * self"
)

KERAS = """
import keras

def network(input, generator):
    return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(input.classes)])
"""


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def network(input, generator):\n    return 1\n", "expects network to return a tf.Module, found builtins.int"),
        (KERAS, "expects network to return a tf.Module, found keras"),
        (SOURCE.replace("Dense(144, classes", "Dense(144, 7"), r"expects logits \[B, 4\] of two pictures, found"),
        (SOURCE.replace("assign_add(1)", "assign_add(undefined)"), "NameError: name 'undefined' is not defined"),
        (SOURCE.replace("self.generator.uniform", "tf.random.uniform"), r"nobody can draw again \(RandomUniform\)"),
        (HIDING, "uses variables to which no attribute of its module leads"),
    ],
    ids=["no module", "keras", "other logits", "fails", "draws", "hides"],
)
def test_a_file_that_cannot_be_trained_as_others_are_is_refused(backend, source, words):
    with pytest.raises(NetworkInvalid, match=words):
        backend.native_arrays(native_op(backend, source), INPUT, 0)
