"""Shapes are inferred and checked; errors name layer, expected, found and remedy."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits_core.errors import NetworkInvalid
from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.codec import decode, encode
from digits_core.graph.graph import NetworkInput
from digits_core.graph.ops import Conv, Dense, MaxPool, Op, Relu
from digits_core.graph.shapes import slide
from digits_core.spec.files import dump_json, dump_yaml, parse_text
from digits_core.testing.graphs import OP_CASES, graph_of, multiplied, two_headed


def _refused(layers, **description):
    with pytest.raises(NetworkInvalid) as refused:
        decode({"name": "net", "layers": layers} | description, where="net.yaml")
    return str(refused.value)


@pytest.mark.parametrize("graph", [*map(graph_of, OP_CASES.values()), two_headed(), multiplied()])
def test_a_graph_survives_yaml_and_json(graph):
    for dump in (dump_yaml, dump_json):
        assert decode(parse_text(dump(encode(graph)), where="text")) == graph


@given(
    size=st.integers(1, 40),
    kernel=st.integers(1, 6),
    stride=st.integers(1, 5),
    before=st.integers(0, 5),
    after=st.integers(0, 5),
    ceil_mode=st.booleans(),
)
def test_windows_cover_what_they_should(size, kernel, stride, before, after, ceil_mode):
    before, after = min(before, kernel - 1), min(after, kernel - 1)
    if size + before + after < kernel:
        return
    windows = slide((1, size, size), (kernel, kernel), (stride, stride), (before, after) * 2, ceil_mode=ceil_mode)
    count, extra = windows.output[0], windows.extra[0]
    starts = [index * stride - before for index in range(count)]
    assert all(start < size for start in starts) or not ceil_mode
    assert starts[-1] + kernel <= size + after + extra
    assert extra == 0 or ceil_mode
    uncovered = size + after - (starts[-1] + kernel)
    # Another window would not fit, or, in ceil mode, would begin beyond the picture.
    assert uncovered < stride
    if ceil_mode:
        assert uncovered <= 0 or starts[-1] + stride >= size


@pytest.mark.parametrize("case", [case for case in OP_CASES if case.startswith("average-pool")])
def test_an_average_counts_what_a_drawn_picture_shows(case):
    layer = graph_of(OP_CASES[case]).layer("tested")
    op, (shape,) = layer.op, layer.input_shapes
    windows = op.windows(shape)
    for axis, found in enumerate(op.countable(shape)):
        before, after = op.padding[2 * axis : 2 * axis + 2]
        drawn = [op.count_include_pad] * before + [True] * shape[axis + 1] + [op.count_include_pad] * after
        starts = [index * op.stride[axis] for index in range(windows.output[axis])]
        assert found == [sum(drawn[start : start + op.kernel[axis]]) for start in starts]


def test_a_network_too_deep_for_the_size_names_layer_size_and_remedy():
    layers = [
        {"name": "pool1", "op": "max_pool", "kernel": 8, "stride": 8},
        {"name": "conv2", "op": "conv", "filters": 2, "kernel": 5},
        {"name": "fc", "op": "dense"},
    ]
    message = _refused(layers, input={"channels": 1, "height": 28, "width": 28})
    assert "Network net: conv2 expects height >= 5, found 3 after pool1 (net.yaml, conv2)." in message
    assert "Use larger images" in message


def test_every_wrong_layer_is_named_at_once():
    message = _refused([{"name": "a", "op": "conv", "kernel": 0}, {"name": "b", "op": "convv"}, {"op": "relu"}])
    for words in ("filters is missing", "kernel", "Did you mean conv", "expects a name", "layers.2"):
        assert words in message


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([{"name": "a", "op": "relu", "inputs": "b"}, {"name": "b", "op": "relu"}], "form a cycle: a → b → a"),
        ([{"name": "a", "op": "relu", "inputs": "a"}], "form a cycle: a → a"),
        ([{"name": "a", "op": "relu"}, {"name": "a", "op": "dense"}], "'a' is used twice"),
        ([{"name": "conv1", "op": "relu"}, {"name": "b", "op": "dense", "inputs": "conv"}], "Did you mean conv1"),
        ([{"name": "a", "op": "add", "inputs": ["input"]}], "a (add) expects 2 inputs or more, found 1"),
        ([{"name": "a/b", "op": "dense"}], "found 'a/b'"),
        ([{"name": "a", "op": "dense", "units": "$clases"}], "units"),
        ([{"name": "a", "op": "dense", "unit": 3}], "Unknown key 'unit'"),
        ([{"name": "a", "op": "dense"}, {"name": "s", "op": "softmax"}], "s is a softmax, expected logits"),
        ([{"name": "a", "op": "conv", "filters": 3, "kernel": 3}], "expects logits"),
        (
            [{"name": "a", "op": "input", "channels": 1, "height": 2, "width": 2}, {"name": "b", "op": "dense"}],
            "input layer first",
        ),
        ([], "layers"),
    ],
)
def test_a_description_that_is_no_network_is_refused(layers, words):
    assert words in _refused(layers)


def test_a_loss_or_output_that_names_nothing_is_refused():
    layers = [{"name": "logits", "op": "dense"}]
    assert "Did you mean logits" in _refused(layers, output="logit")
    assert "Did you mean logits" in _refused(layers, losses=[{"logits": "logit"}])


def test_layers_may_be_described_in_any_order():
    layers = [
        {"name": "logits", "op": "dense", "inputs": "late"},
        {"name": "late", "op": "relu", "inputs": "early"},
        {"name": "early", "op": "tanh", "inputs": "input"},
    ]
    graph = decode({"name": "net", "layers": layers, "output": "logits"})
    assert [layer.name for layer in graph.layers] == ["input", "early", "late", "logits"]


def test_the_dataset_fills_size_and_class_count():
    layers = [{"name": "hidden", "op": "dense", "units": 7}, {"name": "logits", "op": "dense", "units": "$classes"}]
    given_input = NetworkInput(channels=3, height=5, width=6, classes=42, mean="pixel")
    graph = decode({"name": "net", "input": {"scale": 0.5}, "layers": layers}, input=given_input)
    assert (graph.input.channels, graph.input.height, graph.input.width) == (3, 5, 6)
    assert (graph.classes, graph.input.mean, graph.input.scale) == (42, "pixel", 0.5)
    without = [layers[0], {"name": "logits", "op": "dense"}]
    assert decode({"name": "net", "layers": without}, input=given_input).classes == 42


def test_fewer_units_than_classes_are_refused_and_more_are_not():
    layers = [{"name": "logits", "op": "dense", "units": 5}]
    assert decode({"name": "n", "layers": layers}, input=NetworkInput(1, 4, 4, classes=3)).classes == 5
    with pytest.raises(NetworkInvalid, match=r"at least 6 units.*found 5"):
        decode({"name": "n", "layers": layers}, input=NetworkInput(1, 4, 4, classes=6))


def test_parameters_and_flops_are_counted():
    graph = graph_of(
        [
            {"name": "conv", "op": "conv", "filters": 4, "kernel": 3, "groups": 2},
            {"name": "norm", "op": "batch_norm"},
            {"name": "logits", "op": "dense", "units": 4},
        ]
    )
    conv, norm, logits = graph.layers[1:]
    assert (conv.parameter_count, norm.parameter_count, logits.parameter_count) == (4 * 9 + 4, 8, 4 * 168 + 4)
    assert conv.flops == 4 * 7 * 6 * (2 * 9 + 1)
    assert logits.flops == 4 * (2 * 168 + 1)
    assert graph.parameter_count == 40 + 8 + 676


def test_only_the_layers_that_are_needed_are_given():
    assert [layer.name for layer in two_headed().needed_for(["logits"])] == ["input", "first", "relu", "logits"]


def test_a_builder_branches_and_joins():
    here = NetworkInput(channels=3, height=8, width=8, classes=5)
    graph = (
        NetworkBuilder("branchy", here.op())
        .add("stem", Conv(filters=4, kernel=1))
        .add("left", Relu(), after="stem")
        .add("right", MaxPool(kernel=3, padding=1), after="stem")
        .add("joined", decode_op("concat"), after=["left", "right"])
        .add("logits", Dense(units=here.classes))
        .loss("logits", weight=0.5)
        .graph()
    )
    assert graph.layer("joined").output == (8, 8, 8)
    assert graph.losses[0].weight == 0.5
    with pytest.raises(NetworkInvalid, match="Did you mean left"):
        graph.layer("lef")


@pytest.mark.parametrize(("network", "layer"), [("net", "block/conv"), ("my net", "logits"), ("net", "-")])
def test_a_family_cannot_give_names_that_no_file_could_hold(network, layer):
    builder = NetworkBuilder(network, NetworkInput(channels=1, height=4, width=4, classes=2).op())
    with pytest.raises(NetworkInvalid, match="a name expects letters"):
        builder.add(layer, Dense(units=2)).graph()


def decode_op(kind: str) -> Op:
    from digits_core.graph.ops import OPS

    return OPS[kind]()


def test_lenet_has_the_parameters_it_should():
    from digits_networks.lenet import Lenet, LenetParams

    graph = Lenet().build(LenetParams(), Lenet.usual_input)
    assert graph.parameter_count == 431_080
    assert math.isclose(graph.input.scale, 1 / 80)
    with pytest.raises(NetworkInvalid, match="conv2 expects height >= 5, found 4"):
        Lenet().build(LenetParams(), NetworkInput(channels=1, height=12, width=12, classes=10))
