"""Shapes, weights and costs of operations, and what they refuse."""

import pytest

from digits_core.errors import NetworkInvalid
from digits_core.graph.boxes import COLOURS
from digits_core.graph.graph import Graph, LayerSpec
from digits_core.graph.memory import estimate_memory
from digits_core.graph.ops import (
    OPS,
    Attention,
    ChannelScale,
    Conv,
    Dense,
    Gelu,
    Input,
    LayerNorm,
    Multiply,
    Op,
    Position,
    StochasticDepth,
    Token,
    Tokens,
)
from digits_core.graph.shapes import ShapeMismatch

PICTURE = (6, 4, 5)
SEQUENCE = (6, 21, 1)


@pytest.mark.parametrize(
    ("op", "inputs", "output", "weights", "flops"),
    [
        (Conv(filters=6, kernel=3, groups=6, bias=False), [PICTURE], (6, 2, 3), {"kernel": (6, 1, 3, 3)}, 36 * 18),
        (Gelu(), [PICTURE], PICTURE, {}, 2 * 120),
        (StochasticDepth(), [PICTURE], PICTURE, {}, 120),
        (LayerNorm(), [PICTURE], PICTURE, {"scale": (6,), "offset": (6,)}, 7 * 120),
        (LayerNorm(), [(6,)], (6,), {"scale": (6,), "offset": (6,)}, 7 * 6),
        (ChannelScale(), [PICTURE], PICTURE, {"scale": (6,)}, 120),
        (Multiply(), [PICTURE, (6, 1, 1)], PICTURE, {}, 120),
        (Multiply(), [(6,), (6,)], (6,), {}, 6),
        (Tokens(), [PICTURE], (6, 20, 1), {}, 0),
        (Tokens(class_token=True), [PICTURE], SEQUENCE, {"token": (6,)}, 0),
        (Position(), [SEQUENCE], SEQUENCE, {"embedding": SEQUENCE}, 126),
        (Attention(heads=2), [SEQUENCE], (2, 21, 1), {}, 2 * (2 * 2 * 21 * 21) + 2 * 4 * 21 * 21),
        (Token(index=20), [SEQUENCE], (6,), {}, 0),
    ],
    ids=lambda value: value.kind if isinstance(value, Op) else "",
)
def test_an_operation_has_the_shape_weights_and_cost_of_its_formula(op, inputs, output, weights, flops):
    assert op.output(*inputs) == output
    assert {name: parameter.shape for name, parameter in op.parameters(*inputs).items()} == weights
    assert op.flops(inputs, output) == flops


@pytest.mark.parametrize(
    ("op", "inputs", "expected"),
    [
        (Multiply(), [PICTURE, (6, 4, 1)], "a second input [6, 4, 5] or [6, 1, 1]"),
        (Multiply(), [PICTURE, (5, 1, 1)], "a second input"),
        (Tokens(), [(6,)], "a picture"),
        (Attention(heads=2), [PICTURE], "a sequence of tokens"),
        (Attention(heads=4), [SEQUENCE], "channels divisible by 3·heads = 12"),
        (Token(index=21), [SEQUENCE], "more than 21 tokens"),
        (Token(), [(6,)], "a sequence of tokens"),
    ],
    ids=lambda value: value.kind if isinstance(value, Op) else "",
)
def test_an_operation_says_what_it_expects(op, inputs, expected):
    with pytest.raises(ShapeMismatch) as wrong:
        op.output(*inputs)
    assert wrong.value.expected.startswith(expected)


def test_a_product_of_three_is_refused_with_its_layer():
    layers = [LayerSpec("input", Input(channels=1, height=4, width=4)), LayerSpec("a", Gelu())]
    layers += [LayerSpec("gate", Multiply(), ("a", "a", "a")), LayerSpec("logits", Dense(units=2))]
    with pytest.raises(NetworkInvalid, match=r"gate \(multiply\) expects 2 inputs, found 3"):
        Graph.of("net", layers)


def test_layer_scale_begins_small_and_embeddings_are_drawn():
    assert ChannelScale().parameters(PICTURE)["scale"].initializer.value == 1e-6
    assert ChannelScale(initial=0.1).parameters(PICTURE)["scale"].initializer.value == 0.1
    embedding = Position().parameters(SEQUENCE)["embedding"].initializer
    assert (embedding.name, embedding.std) == ("truncated_normal", 0.02)


def test_attention_keeps_the_softmax_of_every_head_and_views_keep_nothing():
    layers = [LayerSpec("input", Input(channels=6, height=4, width=5)), LayerSpec("tokens", Tokens())]
    layers += [LayerSpec("attention", Attention(heads=2)), LayerSpec("token", Token()), LayerSpec("fc", Dense(units=3))]
    kept = estimate_memory(Graph.of("net", layers), slots=1, batch=1, bytes_per_activation=1).activations
    assert kept == 120 + (2 * 20 + 2 * 20**2) + 2 + 3


def test_every_operation_that_computes_has_a_colour():
    assert COLOURS.keys() == OPS.keys() - {"flatten"}
