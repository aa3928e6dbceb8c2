"""What is inside a network: numbers, pictures, what counts in a picture, and where two networks part."""

import numpy as np
import pytest

from digits_core.contracts.runtime import Predictor, Runtime
from digits_core.dataset.progress import Silence
from digits_core.errors import CapabilityMissing, NameUnknown
from digits_core.graph.layers import Layer
from digits_core.graph.ops import Conv, Gelu, HardSigmoid, HardSwish, Relu, Relu6, Sigmoid, Silu, Tanh
from digits_core.hooks.registry import discover
from digits_core.inference.inspection.bars import bars_picture
from digits_core.inference.inspection.colours import GAP, scale_of
from digits_core.inference.inspection.comparison import compare, difference
from digits_core.inference.inspection.layers import inspect_layers
from digits_core.inference.inspection.saliency import grad_cam, occlusion, require_cam_layer
from digits_core.inference.inspection.saturation import MEANING, SATURATED, saturated_share, silent_channels
from digits_core.inference.inspection.shown import activation_picture, weight_picture
from digits_core.inference.inspection.statistics import describe
from digits_core.inference.inspection.tiling import LARGEST_TILE, kernels_picture, maps_picture
from digits_core.inference.model import Model
from digits_core.inference.predicting import BATCH
from digits_core.inference.runtimes import BackendRuntime
from digits_core.spec.dataset import PictureForm
from digits_core.spec.job import BackendOptions
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, weights_of
from digits_numpy.backend import NumpyBackend


def model_of(case, arrays=None, **input):
    graph = graph_of(OP_CASES[case], **input)
    form = PictureForm(width=8, height=9, channels=graph.input.channels, resize="squash")
    return Model(case, graph, weights_of(graph) | (arrays or {}), (), form, BackendOptions())


def runtime():
    return BackendRuntime(NumpyBackend(), BackendOptions())


def look(model, globs=()):
    return inspect_layers(model, batch_of(model.graph, size=1).images[0], runtime(), "numpy", globs)


def test_statistics_are_those_of_numpy_and_the_histogram_has_every_element():
    values = np.random.default_rng(0).normal(2, 3, (4, 5, 6))
    values[0, 0] = 0
    found = describe(values)
    assert (found.mean, found.std) == pytest.approx((values.mean(), values.std()))
    assert (found.low, found.high, found.zeros) == (values.min(), values.max(), 6 / 120)
    assert len(found.histogram.counts) == 20 and sum(found.histogram.counts) == 120


@pytest.mark.parametrize("value", [0.0, -3.5, 1e30, 1e-320, float(np.float32(16777217))])
def test_an_array_of_equal_numbers_has_statistics_too(value):
    found = describe(np.full((2, 3), value))
    assert found.low == found.high == value and found.std == pytest.approx(0, abs=1e-12 * abs(value))
    assert sum(found.histogram.counts) == 6


def test_numbers_that_are_not_finite_are_counted_and_left_out():
    found = describe(np.array([1.0, np.nan, 3.0, np.inf, -np.inf]))
    assert (found.not_finite, found.mean, found.high) == (3, 2.0, 3.0)
    assert describe(np.array([np.nan])).not_finite == 1


@pytest.mark.parametrize(
    ("op", "x", "y", "share"),
    [
        (Relu(), [-1, 0, 2], [0, 0, 2], 2 / 3),
        (Relu6(), [-1, 3, 7], [0, 3, 6], 2 / 3),
        (Sigmoid(), [-9, 0, 9], [0.0001, 0.5, 0.9999], 2 / 3),
        (HardSigmoid(), [-4, 0, 4], [0, 0.5, 1], 2 / 3),
        (Tanh(), [-9, 0, 9], [-1, 0, 1], 2 / 3),
        (Silu(), [-9, 0, 9], [-0.001, 0, 9], 1 / 3),
        (Gelu(), [-9, 0, 9], [0, 0, 9], 1 / 3),
        (HardSwish(), [-3, 0, 9], [0, 0, 9], 1 / 3),
        (Conv(filters=1, kernel=1), [1, 2, 3], [0, 0, 0], None),
    ],
)
def test_saturation_is_defined_for_every_activation_function(op, x, y, share):
    layer = Layer("a", op, ("b",), ((3,),), (3,))
    assert saturated_share(layer, np.array(x, float), np.array(y, float)) == (share and pytest.approx(share))
    assert SATURATED.keys() == MEANING.keys()


def test_saturated_units_of_smooth_functions_have_slopes_under_a_twentyfifth_of_the_largest():
    x = np.linspace(-12, 12, 4801)
    for kind, function in {
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "tanh": np.tanh,
        "silu": lambda x: x / (1 + np.exp(-x)),
    }.items():
        slope = np.gradient(function(x), x)
        flat = SATURATED[kind](x, function(x))
        assert flat.any() and np.abs(slope[flat]).max() <= 0.041 * slope.max(), kind


def test_a_channel_is_silent_where_all_of_it_is_zero():
    assert silent_channels(np.array([[[0, 0]], [[0, 1]], [[0, 0]]])) == 2
    assert silent_channels(np.array([0.0, 1.0])) == 1


def test_every_layer_is_seen_with_the_numbers_that_the_backend_computes():
    model = model_of("activations")
    found = look(model)
    graph, images = model.graph, batch_of(model.graph, size=1).images
    assert [seen.layer.name for seen in found.layers] == [layer.name for layer in graph.needed_for([graph.output])]
    predictor = runtime().load(graph, model.arrays, [layer.name for layer in graph.layers])
    expected = predictor.predict(images)
    for seen in found.layers:
        np.testing.assert_array_equal(seen.activation, expected[seen.layer.name][0])
        assert seen.weights.keys() == seen.layer.parameters.keys()
        assert seen.statistics.mean == pytest.approx(float(expected[seen.layer.name].mean()), abs=1e-6)
        assert (seen.saturated is None) == (seen.layer.op.kind not in SATURATED)
    assert found.probabilities.sum() == pytest.approx(1) and found.labels[1] == "class 1"


def test_layers_are_chosen_by_patterns_and_what_they_are_given_is_not_shown():
    model = model_of("activations")
    name = next(layer.name for layer in model.graph.layers if layer.op.kind == "gelu")
    found = look(model, (name, "fir*"))
    assert {seen.layer.name for seen in found.layers} == {"first", name}
    assert next(seen for seen in found.layers if seen.layer.name == name).saturated is not None
    with pytest.raises(NameUnknown) as refused:
        look(model, ("frist", "nothing*"))
    assert len(refused.value.problems) == 2 and "Did you mean first?" in str(refused.value)


def test_colours_are_around_nothing_for_both_signs_and_from_nothing_for_one():
    signed, plain = scale_of(np.array([-2.0, 1.0])), scale_of(np.array([0.0, 4.0]))
    assert signed.indices(np.array([-2, 0, 2, 99, np.nan])).tolist() == [0, 127, 254, 254, GAP]
    assert plain.indices(np.array([0, 4])).tolist() == [0, 254]
    assert len(signed.palette) == len(plain.palette) == 768


def test_one_large_element_does_not_darken_all_others():
    values = np.ones(10_000)
    values[0] = 1e6
    assert scale_of(values).high == 1
    assert scale_of(np.array([0.0] * 999 + [5.0])).high == 5


def test_tiles_have_gaps_and_what_is_left_out_is_said():
    picture = maps_picture(np.ones((100, 5, 5)), "channel", 64)
    pixels = np.asarray(picture.image)
    assert picture.caption == "64 of 100 channels"
    assert (pixels[:5, :5] == 254).all() and (pixels[:, 5] == GAP).all()
    assert (pixels != GAP).sum() == 64 * 25
    large = maps_picture(np.ones((2, 300, 200)), "channel", 64)
    assert f"200 × 300 reduced to {LARGEST_TILE * 2 // 3} × {LARGEST_TILE}" in large.caption


def test_a_large_tensor_makes_a_small_picture():
    for picture in (
        maps_picture(np.random.default_rng(1).normal(size=(512, 224, 224)).astype(np.float32), "channel", 64),
        kernels_picture(np.ones((512, 512, 3, 3)), 64),
        bars_picture(np.arange(25_088), "unit"),
    ):
        assert picture.image.width * picture.image.height < 400_000
        assert len(picture.png()) < 400_000


@pytest.mark.parametrize(
    ("case", "weight", "mode", "words"),
    [
        ("conv", "first/kernel", "P", "4 filters in columns, 2 input channels in rows"),
        ("conv-1x1", "tested/kernel", "P", "5 filters in rows, 4 input channels in columns"),
        ("conv-depthwise", "tested/kernel", "P", "8 filters"),
        ("dense", "tested/kernel", "P", "5 units in rows, 168 inputs in columns"),
        ("batch-norm", "tested/variance", "RGBA", "4 channels"),
    ],
)
def test_every_weight_is_shown_as_what_it_is(case, weight, mode, words):
    model = model_of(case)
    picture = weight_picture(model.graph.layer(weight.partition("/")[0]), weight, model.arrays[weight], 64)
    assert (picture.image.mode, picture.caption) == (mode, words)


def test_filters_of_a_first_layer_are_in_colour():
    model = model_of("conv", channels=3)
    kernel = np.zeros((4, 3, 3, 3), np.float32)
    kernel[0, 0] = 2  # red
    kernel[1, 1:] = -1  # neither green nor blue
    layer = model.graph.layer("first")
    kernel = np.resize(kernel, layer.parameters["first/kernel"].shape)
    picture = weight_picture(layer, "first/kernel", kernel, 64)
    assert "in RGB" in picture.caption and picture.image.getpixel((0, 0)) == (255, 128, 128, 255)


def test_templates_of_a_linear_classifier_are_pictures():
    graph = graph_of([{"name": "logits", "op": "dense"}], channels=1)
    kernel = np.zeros((4, 72), np.float32)
    kernel[0, 9] = 1.0
    picture = weight_picture(graph.layer("logits"), "logits/kernel", kernel, 64)
    assert picture.caption == "4 units" and np.argwhere(np.asarray(picture.image) == 254)[0].tolist() == [1, 1]


def test_tokens_features_and_single_channels_are_no_tiles():
    assert activation_picture(np.ones((6, 10, 1)), 64).caption == "6 channels in rows, 10 tokens in columns"
    assert activation_picture(np.ones((6, 1, 1)), 64).bars and activation_picture(np.ones(7), 64).caption == "7 units"


def test_bars_go_up_and_down_from_zero():
    pixels = np.asarray(bars_picture(np.array([1.0, -1.0, 0.0]), "unit").image)
    middle, third = len(pixels) // 2, pixels.shape[1] // 3
    assert pixels[5, 2, 0] > pixels[5, 2, 2] and not pixels[-5, 2, 3]
    assert pixels[-5, third + 2, 2] > pixels[-5, third + 2, 0] and not pixels[5, third + 2, 3]
    assert not pixels[middle + 5, 2 * third + 2, 3]


class Corner(Runtime):
    """Says that the first class is in the upper left corner: its logit is how bright that is."""

    name = "corner"

    def load(self, graph, arrays, taps=()):
        class Look(Predictor):
            def predict(self, images):
                bright = images[:, :3, :3].astype(np.float64).mean((1, 2, 3)) / 25
                return {graph.output: np.stack([bright, *[np.zeros(len(images))] * (graph.classes - 1)], 1)}

            def close(self):
                pass

        return Look()


def test_occlusion_finds_where_the_class_is_and_tells_every_picture_of_it():
    model = model_of("conv", channels=1, height=40, width=50)
    told = Silence()
    counts = []
    told.advance = counts.append
    found = occlusion(model, np.full((40, 50, 1), 255, np.uint8), 0, Corner(), told)
    assert np.unravel_index(found.pixels.argmax(), (40, 50)) == (0, 0) and found.values[0, 0] > 0.01
    assert abs(found.pixels[20:, 20:]).max() == 0 and found.window == 8
    # One window hides the corner, four the pixel where the second ones begin: it has their mean.
    assert found.pixels[0, 0] == found.values[0, 0]
    assert found.pixels[4, 4] == pytest.approx(found.values[:2, :2].mean())
    assert sum(counts) == found.values.size + 1 and max(counts) <= BATCH
    assert found.pixels.shape == (40, 50) and np.isfinite(found.pixels).all()


def test_occlusion_hides_with_the_mean_that_the_network_subtracts():
    mean = np.full((1, 40, 50), 255, np.float32)
    model = model_of("conv", {"input/mean": mean}, channels=1, height=40, width=50, mean="image")
    found = occlusion(model, np.full((40, 50, 1), 255, np.uint8), 0, Corner(), Silence())
    assert not found.pixels.any()


def test_grad_cam_is_the_weighted_sum_of_its_paper():
    """After a global average pool and a dense layer the gradient's mean is the dense weight over the places."""
    model = model_of("global-average-pool")
    pixels = batch_of(model.graph, size=1).images[0]
    found = grad_cam(model, pixels, 2, NumpyBackend())
    features = next(seen for seen in look(model, ("first",)).layers).activation
    kernel = model.arrays["logits/kernel"][2]
    expected = np.maximum(np.tensordot(kernel / features[0].size, features, 1), 0)
    assert found.layer == require_cam_layer(model.graph) == "first"
    np.testing.assert_allclose(found.values, expected, rtol=1e-5, atol=1e-7)
    assert found.pixels.shape == pixels.shape[:2]


@pytest.mark.backend("torch")
def test_grad_cam_agrees_between_backends_on_a_network_whose_weights_are_all_frozen():
    frozen = graph_of([{**layer, "frozen": True} for layer in OP_CASES["mobile"]])
    usual = model_of("mobile")
    model = Model("frozen", frozen, usual.arrays, (), usual.picture, BackendOptions())
    pixels = batch_of(model.graph, size=1).images[0]
    one, other = (
        grad_cam(model, pixels, 1, backend, "first") for backend in (NumpyBackend(), discover().backends.get("torch")())
    )
    np.testing.assert_allclose(one.values, other.values, rtol=1e-4, atol=1e-6)


def test_grad_cam_needs_a_layer_that_is_a_picture():
    model = model_of("dense")
    with pytest.raises(CapabilityMissing, match="expects a layer that is a picture"):
        grad_cam(model, batch_of(model.graph, size=1).images[0], 0, NumpyBackend(), "tested")
    linear = graph_of([{"name": "logits", "op": "dense"}])
    with pytest.raises(CapabilityMissing, match="--saliency occlusion"):
        require_cam_layer(linear)


def test_two_networks_part_where_a_weight_was_changed():
    model = model_of("dense-after-dense")
    changed = model.arrays | {"tested/kernel": model.arrays["tested/kernel"] * 1.01}
    other = Model("other", model.graph, changed, (), model.picture, BackendOptions())
    found = compare(look(model), look(other))
    assert found.parts_at == "tested" and not found.only_one
    by_name = {layer.name: layer for layer in found.layers}
    assert by_name["first"].activation.relative == 0
    weight = by_name["tested"].weights["tested/kernel"]
    assert weight.relative == pytest.approx(0.01 / 1.01, rel=1e-3) and weight.cosine == pytest.approx(1)
    assert compare(look(model), look(model)).parts_at == ""


def test_layers_of_one_side_and_of_other_shapes_are_named():
    found = compare(look(model_of("dense")), look(model_of("dense-after-dense")))
    assert found.only_other == ("again",) and found.parts_at == "tested"
    assert next(layer for layer in found.layers if layer.name == "tested").activation is None


def test_differences_of_nothing_and_of_what_is_not_finite():
    zeros, one = np.zeros(3), np.array([1.0, 0, 0])
    assert difference(zeros, zeros).cosine == 1 and difference(zeros, one).cosine == 0
    assert difference(zeros, np.array([np.nan, 0, 0])) is None
