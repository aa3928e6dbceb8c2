"""The operations of a graph, by concern, and their table in the order that documentation and every backend follow.

An operation is typed data with four questions it answers: the shape it gives, the weights it has, the floating point
operations it costs per picture (a multiply-add counts as two), and how much of it training keeps. Formulas are in the
docstrings; the numpy backend is their executable form. Activations are ``[C, H, W]`` or ``[F]``; a sequence of tokens
is a picture ``[C, N, 1]``.
"""

from digits_core.graph.ops.activations import Gelu, HardSigmoid, HardSwish, Relu, Relu6, Sigmoid, Silu, Softmax, Tanh
from digits_core.graph.ops.attention import Attention, Position
from digits_core.graph.ops.joining import Add, Concat, Multiply
from digits_core.graph.ops.noise import Dropout, StochasticDepth
from digits_core.graph.ops.normalization import BatchNorm, ChannelScale, LayerNorm, Lrn
from digits_core.graph.ops.op import Op, Parameter
from digits_core.graph.ops.picture import Input
from digits_core.graph.ops.pooling import AveragePool, GlobalAveragePool, MaxPool
from digits_core.graph.ops.shaping import Flatten, Token, Tokens
from digits_core.graph.ops.weighted import Conv, Dense

__all__ = [
    "OPS",
    "Add",
    "Attention",
    "AveragePool",
    "BatchNorm",
    "ChannelScale",
    "Concat",
    "Conv",
    "Dense",
    "Dropout",
    "Flatten",
    "Gelu",
    "GlobalAveragePool",
    "HardSigmoid",
    "HardSwish",
    "Input",
    "LayerNorm",
    "Lrn",
    "MaxPool",
    "Multiply",
    "Op",
    "Parameter",
    "Position",
    "Relu",
    "Relu6",
    "Sigmoid",
    "Silu",
    "Softmax",
    "StochasticDepth",
    "Tanh",
    "Token",
    "Tokens",
]

#: Every operation of the core by kind, in documentation order.
OPS: dict[str, type[Op]] = {
    op.kind: op
    for op in (
        Input,
        Conv,
        MaxPool,
        AveragePool,
        GlobalAveragePool,
        Dense,
        Relu,
        Relu6,
        Tanh,
        Sigmoid,
        Silu,
        Gelu,
        HardSigmoid,
        HardSwish,
        Dropout,
        StochasticDepth,
        BatchNorm,
        LayerNorm,
        Lrn,
        ChannelScale,
        Concat,
        Add,
        Multiply,
        Flatten,
        Tokens,
        Position,
        Attention,
        Token,
        Softmax,
    )
}
