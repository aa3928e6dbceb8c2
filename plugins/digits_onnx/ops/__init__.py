"""One short builder per operation, in the order of `digits_core.graph.ops`: a layer of a graph to nodes of ONNX.

A builder takes a layer and a sheet, and writes nodes the last of which is called as the layer. Values are
``[B, C, H, W]`` or ``[B, F]``, and B is never written down, so that any batch can be given.
"""

from digits_onnx.ops import activations, attention, joining, noise, normalization, picture, pooling, shaping, weighted
from digits_onnx.ops.op import Builder

__all__ = ["OPS", "RUNTIME_OPS", "Builder"]

OPS: dict[str, Builder] = {
    "input": picture.input,
    "conv": weighted.conv,
    "max_pool": pooling.max_pool,
    "average_pool": pooling.average_pool,
    "global_average_pool": pooling.global_average_pool,
    "dense": weighted.dense,
    "relu": activations.relu,
    "relu6": activations.relu6,
    "tanh": activations.tanh,
    "sigmoid": activations.sigmoid,
    "silu": activations.silu,
    "gelu": activations.gelu,
    "hard_sigmoid": activations.hard_sigmoid,
    "hard_swish": activations.hard_swish,
    "dropout": noise.dropout,
    "stochastic_depth": noise.stochastic_depth,
    "batch_norm": normalization.batch_norm,
    "layer_norm": normalization.layer_norm,
    "lrn": normalization.lrn,
    "channel_scale": normalization.channel_scale,
    "concat": joining.concat,
    "add": joining.add,
    "multiply": joining.multiply,
    "flatten": shaping.flatten,
    "tokens": shaping.tokens,
    "position": attention.position,
    "attention": attention.attention,
    "token": shaping.token,
    "softmax": activations.softmax,
}

#: The same for what ONNX Runtime computes in fp32, with forms that it is fast in: here and from a file alike, so that
#: both round alike and whoever receives the file sees the same digits.
RUNTIME_OPS: dict[str, Builder] = {**OPS, "lrn": normalization.banded_lrn}
