"""Initial weights are the same numbers everywhere, and of the right distribution."""

import math

import numpy as np
import pytest

from digits_core.graph.graph import Graph, LayerSpec
from digits_core.graph.ops import BatchNorm, Conv, Dense, Input
from digits_core.training.initialize import initial_arrays, mean_arrays

PICTURE = Input(channels=16, height=12, width=12)


def drawn(initializer, seed=0):
    """A kernel [128, 16, 3, 3]: fan in 144, fan out 1152, 18,432 elements."""
    conv = Conv(filters=128, kernel=3, kernel_initializer=initializer)
    graph = Graph.of("one", [LayerSpec("input", PICTURE), LayerSpec("conv", conv), LayerSpec("fc", Dense(units=2))])
    return initial_arrays(graph, seed)["conv/kernel"]


STD = {
    "gaussian": ({"name": "gaussian", "std": 0.5, "mean": 1.0}, 1.0, 0.5),
    "uniform": ({"name": "uniform", "low": 1.0, "high": 3.0}, 2.0, 2 / math.sqrt(12)),
    "truncated_normal": ({"name": "truncated_normal", "std": 0.5}, 0.0, 0.5 * 0.8796),
    "xavier": ("xavier", 0.0, math.sqrt(1 / 144)),
    "glorot_uniform": ("glorot_uniform", 0.0, math.sqrt(2 / 1296)),
    "glorot_normal": ("glorot_normal", 0.0, math.sqrt(2 / 1296)),
    "he_normal": ("he_normal", 0.0, math.sqrt(2 / 144)),
    "he_uniform": ("he_uniform", 0.0, math.sqrt(2 / 144)),
    "he_normal, out": ({"name": "he_normal", "fan": "out"}, 0.0, math.sqrt(2 / 1152)),
    "he_uniform, out": ({"name": "he_uniform", "fan": "out"}, 0.0, math.sqrt(2 / 1152)),
}


@pytest.mark.parametrize("name", STD)
def test_mean_and_deviation_are_those_of_the_formula(name):
    initializer, mean, std = STD[name]
    kernel = drawn(initializer).astype(np.float64)
    assert kernel.std() == pytest.approx(std, rel=0.02)
    assert kernel.mean() == pytest.approx(mean, abs=4 * std / math.sqrt(kernel.size))


@pytest.mark.parametrize(
    ("initializer", "limit"),
    [
        ("xavier", math.sqrt(3 / 144)),
        ("glorot_uniform", math.sqrt(6 / 1296)),
        ("he_uniform", math.sqrt(6 / 144)),
        ({"name": "truncated_normal", "std": 0.5}, 1.0),
    ],
)
def test_bounded_distributions_reach_their_bounds_and_no_further(initializer, limit):
    largest = np.abs(drawn(initializer)).max()
    assert largest <= np.float32(limit)
    assert largest > 0.98 * limit


@pytest.mark.parametrize(
    ("initializer", "expected"),
    [
        ("he_normal", [0.14977945, -0.01078841, -0.07811282]),
        ("xavier", [-0.12707269, -0.10722877, -0.08143596]),
        ({"name": "truncated_normal", "std": 0.5}, [0.63546044, -0.04577133, -0.3314046]),
    ],
)
def test_known_numbers_stay_as_they_are(initializer, expected):
    # If these change, an old request does not start as it did before.
    np.testing.assert_allclose(drawn(initializer, seed=7).ravel()[:3], expected, rtol=1e-6)


def test_seeds_and_names_give_numbers_of_their_own():
    layers = [LayerSpec("a", Dense(units=16, bias=False)), LayerSpec("b", Dense(units=16, bias=False))]
    graph = Graph.of("two", [LayerSpec("input", Input(channels=1, height=4, width=4)), *layers])
    arrays, others = initial_arrays(graph, 0), initial_arrays(graph, 1)
    assert not np.array_equal(arrays["a/kernel"], arrays["b/kernel"])
    assert not np.array_equal(arrays["a/kernel"], others["a/kernel"])


def test_other_layers_change_no_start():
    one = Graph.of("g", [LayerSpec("input", PICTURE), LayerSpec("fc", Dense(units=4))])
    two = Graph.of("g", [LayerSpec("input", PICTURE), LayerSpec("norm", BatchNorm()), LayerSpec("fc", Dense(units=4))])
    assert np.array_equal(initial_arrays(one, 3)["fc/kernel"], initial_arrays(two, 3)["fc/kernel"])


def test_every_parameter_starts_whether_it_is_trained_or_not():
    norm = LayerSpec("norm", BatchNorm())
    picture = PICTURE.model_copy(update={"mean": "image"})
    graph = Graph.of("g", [LayerSpec("input", picture), norm, LayerSpec("fc", Dense(units=4))])
    arrays = initial_arrays(graph, 0)
    assert {name: array.shape for name, array in arrays.items()} == {
        name: parameter.shape for name, parameter in graph.parameters.items()
    }
    assert (arrays["norm/variance"] == 1).all()
    assert (arrays["norm/mean"] == 0).all()


def mean_of(kind, mean, side):
    return mean_arrays(Input(channels=3, height=side, width=side, mean=kind), mean)


def test_the_mean_picture_is_cut_in_the_middle_and_turned_to_channels_first():
    mean = np.random.default_rng(0).random((9, 8, 3), dtype=np.float32)
    found = mean_of("image", mean, 6)["input/mean"]
    np.testing.assert_array_equal(found, mean[1:7, 1:7].transpose(2, 0, 1))
    assert found.flags.c_contiguous


def test_the_mean_pixel_is_that_of_the_whole_picture():
    mean = np.random.default_rng(0).random((9, 8, 3), dtype=np.float32)
    found = mean_of("pixel", mean, 6)["input/mean"]
    assert found.shape == (3, 1, 1)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:, 0, 0], mean.mean((0, 1)), rtol=1e-6)


def test_without_a_mean_there_is_no_array():
    assert mean_of("none", np.zeros((9, 8, 3), np.float32), 6) == {}
