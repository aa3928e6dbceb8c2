"""One short builder per operation, in the order of `digits_core.graph.ops`: a layer of a graph to a torch module."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import nn
from torch.nn.utils import skip_init

from digits_core.graph import dropout as mask
from digits_core.graph.graph import Layer
from digits_core.graph.shapes import Sides, Windows
from digits_torch import layers

#: (layer, seed of the job) → module with uninitialised weights
Builder: TypeAlias = Callable[[Layer, int], nn.Module]


def input(layer: Layer, seed: int) -> nn.Module:
    """The mean has a batch axis, so that it can be channels-last too."""
    op: Any = layer.op
    mean = layer.parameters.get("input/mean")
    return layers.Input((1, *mean.shape) if mean else (), op.scale)


def conv(layer: Layer, seed: int) -> nn.Module:
    """Torch's own, where padding is the same on opposite sides."""
    op: Any = layer.op
    sizes = (layer.input_shapes[0][0], op.filters, op.kernel)
    fields = {"stride": op.stride, "dilation": op.dilation, "groups": op.groups, "bias": op.bias}
    if _is_symmetric(op.padding):
        return skip_init(nn.Conv2d, *sizes, padding=op.padding[::2], **fields)
    padded = skip_init(layers.PaddedConv2d, *sizes, **fields)
    padded.sides = op.padding
    return padded


def max_pool(layer: Layer, seed: int) -> nn.Module:
    """Torch's own, where it can pad as asked."""
    op: Any = layer.op
    if _is_native(op.padding, op.kernel):
        return nn.MaxPool2d(op.kernel, op.stride, op.padding[::2], ceil_mode=op.ceil_mode)
    return layers.PaddedMaxPool2d(op.kernel, op.stride, _sides(op.windows(layer.input_shapes[0])))


def average_pool(layer: Layer, seed: int) -> nn.Module:
    """Torch's own, where it can pad as asked."""
    op: Any = layer.op
    if _is_native(op.padding, op.kernel):
        return nn.AvgPool2d(op.kernel, op.stride, op.padding[::2], op.ceil_mode, op.count_include_pad)
    shape = layer.input_shapes[0]
    divisor = torch.outer(*(torch.tensor(counts, dtype=torch.float32) for counts in op.countable(shape)))
    return layers.PaddedAvgPool2d(op.kernel, op.stride, _sides(op.windows(shape)), divisor)


def global_average_pool(layer: Layer, seed: int) -> nn.Module:
    """The mean over height and width."""
    return nn.AdaptiveAvgPool2d(1)


def dense(layer: Layer, seed: int) -> nn.Module:
    """A linear layer; one that sees a picture flattens it."""
    op: Any = layer.op
    (shape,) = layer.input_shapes
    kind = nn.Linear if len(shape) == 1 else layers.PictureLinear
    return skip_init(kind, math.prod(shape), op.units, bias=op.bias)


def relu(layer: Layer, seed: int) -> nn.Module:
    """``max(x, 0)``."""
    return nn.ReLU()


def tanh(layer: Layer, seed: int) -> nn.Module:
    """Hyperbolic tangent."""
    return nn.Tanh()


def sigmoid(layer: Layer, seed: int) -> nn.Module:
    """``1 / (1 + exp(−x))``."""
    return nn.Sigmoid()


def dropout(layer: Layer, seed: int) -> nn.Module:
    """The mask every backend computes."""
    op: Any = layer.op
    return layers.KeyedDropout(layer.output, op.rate, mask.mask_key(seed, layer.name), mask.threshold(op.rate))


def batch_norm(layer: Layer, seed: int) -> nn.Module:
    """Torch's own, without its count of batches."""
    op: Any = layer.op
    norm = layers.BatchNorm(layer.output[0], op.epsilon, op.momentum)
    norm.num_batches_tracked = None
    return norm


def lrn(layer: Layer, seed: int) -> nn.Module:
    """Local response normalisation."""
    op: Any = layer.op
    return layers.Lrn(op.size, op.alpha, op.beta, op.k)


def concat(layer: Layer, seed: int) -> nn.Module:
    """Joined along channels."""
    return layers.Concat()


def add(layer: Layer, seed: int) -> nn.Module:
    """The sum of the inputs."""
    return layers.Add()


def flatten(layer: Layer, seed: int) -> nn.Module:
    """C, H, W order, whatever the order in memory."""
    return nn.Flatten()


def softmax(layer: Layer, seed: int) -> nn.Module:
    """Over channels or features."""
    return nn.Softmax(dim=1)


OPS: dict[str, Builder] = {
    "input": input,
    "conv": conv,
    "max_pool": max_pool,
    "average_pool": average_pool,
    "global_average_pool": global_average_pool,
    "dense": dense,
    "relu": relu,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "dropout": dropout,
    "batch_norm": batch_norm,
    "lrn": lrn,
    "concat": concat,
    "add": add,
    "flatten": flatten,
    "softmax": softmax,
}


def _is_symmetric(sides: Sides) -> bool:
    top, bottom, left, right = sides
    return top == bottom and left == right


def _is_native(sides: Sides, kernel: tuple[int, int]) -> bool:
    """Whether torch's pooling can pad so: the same on opposite sides, and at most half a window."""
    return _is_symmetric(sides) and 2 * sides[0] <= kernel[0] and 2 * sides[2] <= kernel[1]


def _sides(windows: Windows) -> Sides:
    """All padding, what ceil mode needs included."""
    top, bottom, left, right = windows.padding
    return (top, bottom + windows.extra[0], left, right + windows.extra[1])
