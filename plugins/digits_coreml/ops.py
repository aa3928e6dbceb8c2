"""One short builder per operation, in the order of ``graph.ops``; values are ``[1, C, H, W]`` or ``[1, F]``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from coremltools.converters.mil import Builder as mb

from digits_core.contracts.backend import Arrays
from digits_core.graph.graph import Layer
from digits_core.graph.shapes import Windows

#: A value of the program that is being built.
Value: TypeAlias = Any
#: (layer, its inputs, its weights by local name) → its output
Builder: TypeAlias = Callable[[Layer, Sequence[Value], Arrays], Value]


def input(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """``(x − mean)·scale``."""
    op: Any = layer.op
    centred = mb.sub(x=inputs[0], y=weights["mean"][None]) if weights else inputs[0]
    return mb.mul(x=centred, y=np.float32(op.scale))


def conv(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """Core ML's own."""
    op: Any = layer.op
    return mb.conv(
        x=inputs[0],
        weight=weights["kernel"],
        strides=op.stride,
        pad_type="custom",
        pad=op.padding,
        dilations=op.dilation,
        groups=op.groups,
        **_bias(weights),
    )


def max_pool(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """Core ML pads with the smallest number too."""
    op: Any = layer.op
    sides = _sides(op.windows(layer.input_shapes[0]))
    return mb.max_pool(x=inputs[0], kernel_sizes=op.kernel, strides=op.stride, pad_type="custom", pad=sides)


def average_pool(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """The mean over whole windows of zeros and pixels, corrected where a window holds elements that do not count."""
    op: Any = layer.op
    top, bottom, left, right = _sides(op.windows(layer.input_shapes[0]))
    padded = mb.pad(x=inputs[0], pad=[0, 0, 0, 0, top, bottom, left, right], mode="constant", constant_val=0.0)
    means = mb.avg_pool(x=padded, kernel_sizes=op.kernel, strides=op.stride, pad_type="valid")
    correction = math.prod(op.kernel) / np.outer(*op.countable(layer.input_shapes[0]))
    return means if np.all(correction == 1) else mb.mul(x=means, y=correction[None, None].astype(np.float32))


def global_average_pool(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """The mean over height and width."""
    return mb.reduce_mean(x=inputs[0], axes=[2, 3], keep_dims=True)


def dense(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """One matrix product."""
    return mb.linear(x=flatten(layer, inputs, weights), weight=weights["kernel"], **_bias(weights))


def elementwise(function: Callable[..., Value], **fields: Any) -> Builder:
    """The operation that is ``function`` of its only input."""

    def build(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
        return function(x=inputs[0], **fields)

    return build


def hard_sigmoid(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """``relu6(x + 3) / 6``."""
    return mb.mul(x=mb.relu6(x=mb.add(x=inputs[0], y=np.float32(3))), y=np.float32(1 / 6))


def hard_swish(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """``x·relu6(x + 3) / 6``."""
    return mb.mul(x=inputs[0], y=hard_sigmoid(layer, inputs, weights))


def same(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """``x``: dropout drops while training only."""
    return inputs[0]


def batch_norm(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """With running statistics; features are taken for pictures of one pixel."""
    op: Any = layer.op
    column = mb.reshape(x=inputs[0], shape=[1, -1, 1, 1]) if len(layer.output) == 1 else inputs[0]
    mean, variance, gamma, beta = (weights[name] for name in ("mean", "variance", "scale", "offset"))
    y = mb.batch_norm(x=column, mean=mean, variance=variance, gamma=gamma, beta=beta, epsilon=np.float32(op.epsilon))
    return mb.reshape(x=y, shape=[1, -1]) if len(layer.output) == 1 else y


def layer_norm(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """Over channels, which are brought to the end."""
    op: Any = layer.op
    last = mb.transpose(x=inputs[0], perm=[0, 2, 3, 1]) if len(layer.output) == 3 else inputs[0]
    y = mb.layer_norm(x=last, axes=[-1], gamma=weights["scale"], beta=weights["offset"], epsilon=np.float32(op.epsilon))
    return mb.transpose(x=y, perm=[0, 3, 1, 2]) if len(layer.output) == 3 else y


def lrn(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """Core ML's own, which divides alpha by the size too."""
    op: Any = layer.op
    alpha, beta, k = (np.float32(value) for value in (op.alpha, op.beta, op.k))
    return mb.local_response_norm(x=inputs[0], size=op.size, alpha=alpha, beta=beta, k=k)


def channel_scale(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """One factor per channel."""
    return mb.mul(x=inputs[0], y=weights["scale"].reshape(1, -1, *[1] * (len(layer.output) - 1)))


def concat(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """Joined along channels."""
    return mb.concat(values=list(inputs), axis=1)


def add(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """The sum."""
    total, *others = inputs
    for other in others:
        total = mb.add(x=total, y=other)
    return total


def multiply(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """The product of both inputs."""
    return mb.mul(x=inputs[0], y=inputs[1])


def flatten(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """In C, H, W order."""
    return mb.reshape(x=inputs[0], shape=[1, math.prod(layer.input_shapes[0])])


def tokens(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """``[1, C, H, W]`` to ``[1, C, N, 1]``, behind the class token if there is one."""
    channels = layer.output[0]
    sequence = mb.reshape(x=inputs[0], shape=[1, channels, -1, 1])
    if not weights:
        return sequence
    return mb.concat(values=[mb.const(val=weights["token"].reshape(1, channels, 1, 1)), sequence], axis=2)


def position(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """A sum with what was learned."""
    return mb.add(x=inputs[0], y=weights["embedding"][None])


def attention(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """``P = softmax(QᵀK/√d) ; Y = V·Pᵀ``, with tokens as columns of Q, K, V ``[heads, d, N]``."""
    op: Any = layer.op
    channels, count, _ = layer.output
    depth = channels // op.heads
    parts = mb.reshape(x=inputs[0], shape=[3 * op.heads, depth, count])
    query, key, value = mb.split(x=parts, num_splits=3, axis=0)
    scaled = mb.mul(x=query, y=np.float32(1 / math.sqrt(depth)))
    share = mb.softmax(x=mb.matmul(x=scaled, y=key, transpose_x=True), axis=-1)
    return mb.reshape(x=mb.matmul(x=value, y=share, transpose_y=True), shape=[1, channels, count, 1])


def token(layer: Layer, inputs: Sequence[Value], weights: Arrays) -> Value:
    """One of a sequence."""
    op: Any = layer.op
    channels = layer.output[0]
    one = mb.slice_by_size(x=inputs[0], begin=[0, 0, op.index, 0], size=[1, channels, 1, 1])
    return mb.reshape(x=one, shape=[1, channels])


OPS: dict[str, Builder] = {
    "input": input,
    "conv": conv,
    "max_pool": max_pool,
    "average_pool": average_pool,
    "global_average_pool": global_average_pool,
    "dense": dense,
    "relu": elementwise(mb.relu),
    "relu6": elementwise(mb.relu6),
    "tanh": elementwise(mb.tanh),
    "sigmoid": elementwise(mb.sigmoid),
    "silu": elementwise(mb.silu),
    "gelu": elementwise(mb.gelu, mode="EXACT"),
    "hard_sigmoid": hard_sigmoid,
    "hard_swish": hard_swish,
    "dropout": same,
    "stochastic_depth": same,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "lrn": lrn,
    "channel_scale": channel_scale,
    "concat": concat,
    "add": add,
    "multiply": multiply,
    "flatten": flatten,
    "tokens": tokens,
    "position": position,
    "attention": attention,
    "token": token,
    "softmax": elementwise(mb.softmax, axis=1),
}


def _bias(weights: Arrays) -> dict[str, npt.NDArray[Any]]:
    return {"bias": weights["bias"]} if "bias" in weights else {}


def _sides(windows: Windows) -> tuple[int, int, int, int]:
    """Padding, and what ceil mode adds: top, bottom, left, right."""
    top, bottom, left, right = windows.padding
    return top, bottom + windows.extra[0], left, right + windows.extra[1]
