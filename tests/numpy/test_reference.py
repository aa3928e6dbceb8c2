"""The reference is right: gradients by finite differences, values by hand."""

import math

import numpy as np
import pytest

from digits_core.spec.solver import Adadelta, Adagrad, Adam, AdamW, Lamb, Lars, Lion, Nesterov, Rmsprop, Sgd
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, two_headed, weights_of
from digits_core.testing.runs import build, reference
from digits_numpy.ops import OPS
from digits_numpy.ops.noise import dropout_mask
from digits_numpy.ops.op import Mode
from digits_numpy.solvers import RULES, Turn

STEP = 1e-6


def _loss(program, arrays, batch):
    # A step that moves nothing: dropout and batch norm behave as in training.
    _, scores = program.train_step(program.load(arrays), batch, 0.0, 3)
    return scores["loss"] / scores["samples"]


@pytest.mark.parametrize("graph", [*map(graph_of, OP_CASES.values()), two_headed()], ids=[*OP_CASES, "two-headed"])
def test_gradients_equal_finite_differences(graph):
    program = build(reference(), graph, precision="fp64")
    arrays = {name: array.astype(np.float64) for name, array in weights_of(graph).items()}
    batch = batch_of(graph)
    saved = program.save(program.train_step(program.load(arrays), batch, 0.0, 3)[0])
    random = np.random.default_rng(0)
    for name, parameter in graph.parameters.items():
        if not parameter.trainable:
            continue
        gradient = saved[f"solver/velocity/{name}"]
        for index in random.choice(parameter.size, min(3, parameter.size), replace=False):
            place = np.unravel_index(index, parameter.shape)
            losses = []
            for sign in (1, -1):
                moved = {**arrays, name: arrays[name].copy()}
                moved[name][place] += sign * STEP
                losses.append(_loss(program, moved, batch))
            difference = (losses[0] - losses[1]) / (2 * STEP)
            assert gradient[place] == pytest.approx(difference, rel=1e-4, abs=2e-7), name


@pytest.mark.parametrize("case", ["concat", "batch-norm-of-features", "lrn"])
def test_gradients_of_logits_by_activations_equal_finite_differences(case):
    """A bias moves every element of its channel, so the logit follows it by the sum of their gradients."""
    graph = graph_of(OP_CASES[case])
    program = build(reference(), graph, precision="fp64")
    arrays = {name: array.astype(np.float64) for name, array in weights_of(graph).items()}
    images, classes = batch_of(graph, size=3).images, np.array([1, 3, 0], np.int32)
    gradient = program.gradients(program.load(arrays), images, classes, ["first"])["first"]

    def logits(channel, step):
        moved = arrays["first/bias"].copy()
        moved[channel] += step
        found = program.predict(program.load(arrays | {"first/bias": moved}), images)[graph.output]
        return found[np.arange(3), classes]

    for channel in range(gradient.shape[1]):
        expected = (logits(channel, STEP) - logits(channel, -STEP)) / (2 * STEP)
        np.testing.assert_allclose(gradient[:, channel].sum((1, 2)), expected, rtol=1e-4, atol=1e-7)


def _predict(layers, images, arrays, **input):
    graph = graph_of(layers, **input)
    program = build(reference(), graph, precision="fp64")
    return program.predict(program.load(weights_of(graph) | arrays), images, [layers[0]["name"]])[layers[0]["name"]]


def _picture(rows):
    return np.array(rows, np.uint8)[None, :, :, None]


SMALL = {"channels": 1, "height": 3, "width": 3, "scale": 1.0}
HEAD = {"name": "logits", "op": "dense", "units": 4}
PICTURE = _picture([[1, 2, 3], [4, 5, 6], [7, 8, 9]])


def test_convolution_is_cross_correlation_with_padding_per_side():
    layer = {"name": "conv", "op": "conv", "filters": 1, "kernel": 2, "padding": [1, 0, 0, 0]}
    weights = {"conv/kernel": np.array([[[[1.0, 10], [100, 1000]]]]), "conv/bias": np.array([0.5])}
    found = _predict([layer, HEAD], PICTURE, weights, **SMALL)
    assert found[0, 0].tolist() == [[2100.5, 3200.5], [5421.5, 6532.5], [8754.5, 9865.5]]


def test_average_pool_counts_padding_only_when_asked_and_never_what_ceil_mode_adds():
    pool = {"name": "pool", "op": "average_pool", "kernel": 2, "stride": 2, "padding": [1, 0, 1, 0]}
    counted = _predict([pool, HEAD], PICTURE, {}, **SMALL)
    assert counted[0, 0].tolist() == [[1 / 4, 5 / 4], [11 / 4, 28 / 4]]
    pixels = _predict([pool | {"count_include_pad": False}, HEAD], PICTURE, {}, **SMALL)
    assert pixels[0, 0].tolist() == [[1, 2.5], [5.5, 7]]
    hanging = {"name": "pool", "op": "average_pool", "kernel": 2, "stride": 2, "ceil_mode": True}
    assert _predict([hanging, HEAD], PICTURE, {}, **SMALL)[0, 0].tolist() == [[3, 4.5], [7.5, 9]]


def test_the_mean_is_subtracted_before_the_scale():
    layer = {"name": "flat", "op": "flatten"}
    mean = {"input/mean": np.array([[[1.0]]])}
    found = _predict([layer, HEAD], PICTURE, mean, **(SMALL | {"mean": "pixel", "scale": 0.5}))
    assert found[0].tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]


def test_lrn_divides_alpha_by_the_size():
    layer = {"name": "lrn", "op": "lrn", "size": 3, "alpha": 0.6, "beta": 0.5, "k": 2.0}
    images = np.array([[[[1, 2, 3]]]], np.uint8)
    found = _predict([layer, HEAD], images, {}, channels=3, height=1, width=1, scale=1.0)
    sums = np.array([1 + 4, 1 + 4 + 9, 4 + 9])
    assert found.ravel() == pytest.approx(np.array([1, 2, 3]) / np.sqrt(2 + 0.2 * sums))


def test_activations_have_their_values_at_the_knees():
    picture = np.array([[[[0, 2, 4, 5, 7, 9, 10, 12]]]], np.uint8)
    x = np.array([-5.0, -3, -1, 0, 2, 4, 5, 7])
    bent = [0.5 * value * (1 + math.erf(value / math.sqrt(2))) for value in x]
    hard = np.array([0, 0, 2, 3, 5, 6, 6, 6]) / 6
    wanted = {"relu6": [0, 0, 0, 0, 2, 4, 5, 6], "hard_sigmoid": hard, "hard_swish": x * hard, "gelu": bent}
    for kind, expected in (wanted | {"silu": x / (1 + np.exp(-x))}).items():
        size = {"channels": 8, "height": 1, "width": 1, "scale": 1.0, "mean": "pixel"}
        mean = {"input/mean": np.full((8, 1, 1), 5.0)}
        found = _predict([{"name": "bend", "op": kind}, HEAD], picture, mean, **size)
        assert found.ravel() == pytest.approx(expected, abs=1e-6), kind


def test_tokens_are_pixels_row_by_row_behind_a_learned_one():
    layer = {"name": "tokens", "op": "tokens", "class_token": True}
    found = _predict([layer, HEAD], PICTURE, {"tokens/token": np.array([0.5])}, **SMALL)
    assert found.shape == (1, 1, 10, 1)
    assert found.ravel().tolist() == [0.5, 1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_layer_norm_looks_at_the_channels_of_one_place():
    images = np.array([[[[1, 2, 3], [5, 5, 8]]]], np.uint8)
    weights = {"norm/scale": np.array([1.0, 2, 3]), "norm/offset": np.array([0.0, 0, 1])}
    size = {"channels": 3, "height": 1, "width": 2, "scale": 1.0}
    found = _predict([{"name": "norm", "op": "layer_norm", "epsilon": 1.0}, HEAD], images, weights, **size)
    first, second = np.array([-1, 0, 1]) / math.sqrt(2 / 3 + 1), np.array([-1, -1, 2]) / math.sqrt(2 + 1)
    expected = np.stack([first, second], axis=1) * np.array([[1], [2], [3]]) + np.array([[0], [0], [1]])
    assert found[0, :, 0, :] == pytest.approx(expected)


def test_attention_mixes_values_by_the_likeness_of_queries_and_keys():
    # Two heads of one channel over two tokens: channels are q1, q2, k1, k2, v1, v2.
    images = np.array([[[[1, 0, 2, 0, 10, 30]], [[3, 0, 1, 0, 20, 50]]]], np.uint8)
    size = {"channels": 6, "height": 2, "width": 1, "scale": 1.0}
    found = _predict([{"name": "mix", "op": "attention", "heads": 2}, HEAD], images, {}, **size)[0, :, :, 0]

    def mixed(query):
        likeness = np.exp([2 * query, query])
        return likeness @ [10, 20] / likeness.sum()

    assert found[0] == pytest.approx([mixed(1), mixed(3)])
    assert found[1] == pytest.approx([40, 40])


def test_stochastic_depth_leaves_whole_rows_out_and_keeps_the_mean():
    layer = graph_of([{"name": "depth", "op": "stochastic_depth", "rate": 0.25}, HEAD]).layer("depth")
    x = np.ones((4000, *layer.output))
    y, backward = OPS["stochastic_depth"](layer)([x], {}, Mode(training=True, seed=1, step=2))
    rows = y.reshape(len(y), -1)
    assert (rows == rows[:, :1]).all()
    assert set(np.unique(rows)) == {0, x.dtype.type(1 / 0.75)}
    assert rows.mean() == pytest.approx(1, abs=0.03)
    assert np.array_equal(backward(x)[0][0], y)
    later = OPS["stochastic_depth"](layer)([x[7:9]], {}, Mode(training=True, seed=1, step=2, first=7))[0]
    assert np.array_equal(later, y[7:9])


@pytest.mark.parametrize(
    ("solver", "updates"),
    [
        (Sgd(momentum=0.5), [2, 1 + 4]),
        (Nesterov(momentum=0.5), [2 + 0.5 * 2, 4 + 0.5 * 5]),
        (Adagrad(epsilon=1e-10), [1, 4 / math.sqrt(20)]),
        (Rmsprop(rho=0.75, epsilon=0.5), [2 / 1.5, 4 / (math.sqrt(0.75 * 1 + 0.25 * 16) + 0.5)]),
        (
            Adadelta(rho=0.5, epsilon=1.0),
            [2 / math.sqrt(2 + 1), 4 * math.sqrt(0.5 * (4 / 3) + 1) / math.sqrt(0.5 * 2 + 0.5 * 16 + 1)],
        ),
        (
            Adam(beta1=0.5, beta2=0.75),
            [1, ((0.5 * 1 + 2) / 0.75) / math.sqrt((0.75 * 1 + 0.25 * 16) / (1 - 0.75**2))],
        ),
        (
            AdamW(beta1=0.5, beta2=0.75),
            [1 + 0.6, ((0.5 * 1 + 2) / 0.75) / math.sqrt((0.75 * 1 + 0.25 * 16) / (1 - 0.75**2)) + 0.6],
        ),
        (Lion(beta1=0.5), [1 + 0.6, 1 + 0.6]),
        (Lars(momentum=0.5, trust=0.1), [r1 := 0.1 * 6 / (2 + 0.6) * 2.6, 0.5 * r1 + 0.1 * 6 / (4 + 0.6) * 4.6]),
        (Lamb(beta1=0.5, beta2=0.75), [6, 6]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_two_steps_of_a_solver_by_hand(solver, updates):
    # A kernel of 6 with decay 0.1, where decay is not in the gradient.
    decay = 0.0 if solver.usual_decay is None else 0.1
    slots = {slot: np.zeros(1) for slot in solver.slots}
    for t, (gradient, expected) in enumerate(zip((2.0, 4.0), updates, strict=True), start=1):
        turn = Turn(np.array([6.0]), np.array([gradient]), decay, True, t)
        update, slots = RULES[solver.name](solver, turn, slots)
        assert update[0] == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(("solver", "update"), [(Lars(momentum=0.0, trust=0.1), 0.1 * 2.6), (Lamb(), 1.6)])
def test_what_is_no_kernel_and_what_is_zero_has_no_rate_of_its_own(solver, update):
    slots = {slot: np.zeros(1) for slot in solver.slots}
    bias = Turn(np.array([6.0]), np.array([2.0]), 0.1, False, 1)
    assert RULES[solver.name](solver, bias, slots)[0][0] == pytest.approx(update)
    nothing = Turn(np.zeros(1), np.zeros(1), 0.1, True, 1)
    assert RULES[solver.name](solver, nothing, slots)[0][0] == 0


def test_dropout_drops_the_share_it_should_independently_of_neighbours():
    mask = dropout_mask(seed=1, layer="drop", rate=0.3, step=5, shape=(200, 10, 5, 4))
    assert mask.mean() == pytest.approx(0.7, abs=0.01)
    for other in (
        dropout_mask(1, "drop", 0.3, 6, mask.shape),
        dropout_mask(2, "drop", 0.3, 5, mask.shape),
        dropout_mask(1, "crop", 0.3, 5, mask.shape),
    ):
        assert (mask == other).mean() == pytest.approx(0.7**2 + 0.3**2, abs=0.02)
    neighbours = np.corrcoef(mask[:, 0].ravel(), mask[:, 1].ravel())[0, 1]
    assert abs(neighbours) < 0.05


def test_a_mask_row_depends_on_its_place_in_the_batch_only():
    assert np.array_equal(dropout_mask(1, "d", 0.5, 0, (8, 30))[:3], dropout_mask(1, "d", 0.5, 0, (3, 30)))
