"""Every operation forward and backward, in the order of `digits_core.graph.ops`, on ``[B, C, H, W]`` or ``[B, F]``.

A builder takes a layer and gives a function ``forward(inputs, weights, mode) → (output, backward)``, where
``backward(gradient of output) → (gradients of inputs, gradients of weights)``. Weights go
by their local names: ``kernel``, ``bias``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from digits_core.graph import dropout as mask
from digits_core.graph.graph import Layer
from digits_numpy.arrays import Array
from digits_numpy.windows import crop, pad, roll, taps, to_picture, unroll

Weights: TypeAlias = dict[str, Array]
Backward: TypeAlias = Callable[[Array], tuple[Sequence[Array], Weights]]


@dataclass(slots=True)
class Mode:
    """How a pass runs.

    Attributes:
        training: Whether dropout drops and batch norm uses the batch.
        seed: Seed of the job.
        step: Steps done so far.
        first: Row of the batch that the first picture is.
        moved: Running statistics after the pass, by canonical name.
    """

    training: bool = False
    seed: int = 0
    step: int = 0
    first: int = 0
    moved: Weights = field(default_factory=dict)


Forward: TypeAlias = Callable[[Sequence[Array], Weights, Mode], tuple[Array, Backward]]


def input(layer: Layer) -> Forward:
    """Pictures ``[B, C, H, W]`` of 0 to 255, centred and scaled."""
    op: Any = layer.op

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        centred = inputs[0] - weights["mean"] if "mean" in weights else inputs[0]
        return centred * op.scale, lambda dy: ([dy * op.scale], {})

    return forward


def conv(layer: Layer) -> Forward:
    """Each group of filters is one matrix product over the unrolled windows."""
    op: Any = layer.op
    windows = op.windows(layer.input_shapes[0])

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        kernel = weights["kernel"]
        x = pad(inputs[0], windows, 0)
        places = list(taps(windows, op.kernel, op.stride, op.dilation))
        columns = np.stack([x[place] for place in places], axis=2)  # [B, C, kh·kw, h, w]
        unrolled = [unroll(part) for part in np.split(columns, op.groups, axis=1)]
        filters = [part.reshape(len(part), -1) for part in np.split(kernel, op.groups)]
        products = [u @ f.T for u, f in zip(unrolled, filters, strict=True)]
        y = to_picture(np.concatenate(products, axis=1), len(x), windows)
        if op.bias:
            y = y + weights["bias"][:, None, None]

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            flat = np.split(dy.transpose(0, 2, 3, 1).reshape(-1, dy.shape[1]), op.groups, axis=1)
            dkernel = np.concatenate([d.T @ u for d, u in zip(flat, unrolled, strict=True)]).reshape(kernel.shape)
            dcolumns = np.concatenate(
                [roll(d @ f, dy, len(places)) for d, f in zip(flat, filters, strict=True)], axis=1
            )
            dx = np.zeros_like(x)
            for index, place in enumerate(places):
                dx[place] += dcolumns[:, :, index]
            gradients = {"kernel": dkernel} | ({"bias": dy.sum((0, 2, 3))} if op.bias else {})
            return [crop(dx, windows, inputs[0])], gradients

        return y, backward

    return forward


def max_pool(layer: Layer) -> Forward:
    """The gradient goes to the first largest element of the window."""
    op: Any = layer.op
    windows = op.windows(layer.input_shapes[0])

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = pad(inputs[0], windows, -np.inf)
        places = list(taps(windows, op.kernel, op.stride))
        patches = np.stack([x[place] for place in places])
        winner = patches.argmax(0)

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            dx = np.zeros_like(x)
            for index, place in enumerate(places):
                dx[place] += dy * (winner == index)
            return [crop(dx, windows, inputs[0])], {}

        return patches.max(0), backward

    return forward


def average_pool(layer: Layer) -> Forward:
    """The divisor of each window is how many countable elements it holds."""
    op: Any = layer.op
    shape = layer.input_shapes[0]
    windows = op.windows(shape)
    places = list(taps(windows, op.kernel, op.stride))
    countable = np.ones((1, 1, *shape[1:]))
    top, bottom, left, right = windows.padding
    countable = np.pad(countable, [(0, 0), (0, 0), (top, bottom), (left, right)], constant_values=op.count_include_pad)
    countable = np.pad(countable, [(0, 0), (0, 0), (0, windows.extra[0]), (0, windows.extra[1])])
    divisor = np.sum([countable[place] for place in places], axis=0)

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = pad(inputs[0], windows, 0)
        share = (1 / divisor).astype(x.dtype)

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            dx = np.zeros_like(x)
            for place in places:
                dx[place] += dy * share
            return [crop(dx, windows, inputs[0])], {}

        return np.sum([x[place] for place in places], axis=0) * share, backward

    return forward


def global_average_pool(layer: Layer) -> Forward:
    """The mean over height and width."""

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = inputs[0]
        area = x.shape[2] * x.shape[3]
        return x.mean((2, 3), keepdims=True), lambda dy: ([np.broadcast_to(dy / area, x.shape)], {})

    return forward


def dense(layer: Layer) -> Forward:
    """One matrix product."""
    op: Any = layer.op

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        kernel = weights["kernel"]
        x = inputs[0].reshape(len(inputs[0]), -1)
        y = x @ kernel.T

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            gradients = {"kernel": dy.T @ x} | ({"bias": dy.sum(0)} if op.bias else {})
            return [(dy @ kernel).reshape(inputs[0].shape)], gradients

        return (y + weights["bias"] if op.bias else y), backward

    return forward


def relu(layer: Layer) -> Forward:
    """``dx = dy where x > 0``."""

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = inputs[0]
        return np.maximum(x, 0), lambda dy: ([dy * (x > 0)], {})

    return forward


def tanh(layer: Layer) -> Forward:
    """``dx = dy·(1 − y²)``."""

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        y = np.tanh(inputs[0])
        return y, lambda dy: ([dy * (1 - y * y)], {})

    return forward


def sigmoid(layer: Layer) -> Forward:
    """``dx = dy·y·(1 − y)``."""

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        y = 0.5 * (1 + np.tanh(0.5 * inputs[0]))  # equal to 1 / (1 + exp(−x)), and never overflows
        return y, lambda dy: ([dy * y * (1 - y)], {})

    return forward


def dropout(layer: Layer) -> Forward:
    """The mask of `digits_core.graph.dropout`."""
    op: Any = layer.op

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = inputs[0]
        if not mode.training:
            return x, lambda dy: ([dy], {})
        kept = dropout_mask(mode.seed, layer.name, op.rate, mode.step, x.shape, mode.first)
        kept = kept * x.dtype.type(1 / (1 - op.rate))
        return x * kept, lambda dy: ([dy * kept], {})

    return forward


def batch_norm(layer: Layer) -> Forward:
    """Statistics over batch, height and width; running ones move while training."""
    op: Any = layer.op

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = inputs[0]
        axes = (0, *range(2, x.ndim))
        count = x.size // x.shape[1]

        def column(vector: Array) -> Array:
            return vector.reshape(1, -1, *[1] * (x.ndim - 2))

        mean, variance = weights["mean"], weights["variance"]
        if mode.training:
            mean, variance = x.mean(axes), x.var(axes)
            unbiased = variance * (count / max(count - 1, 1))
            for name, batch in (("mean", mean), ("variance", unbiased)):
                moved = (1 - op.momentum) * weights[name] + op.momentum * batch
                mode.moved[f"{layer.name}/{name}"] = moved.astype(x.dtype)
        inverse = column(1 / np.sqrt(variance + op.epsilon))
        normal = (x - column(mean)) * inverse

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            dscale, doffset = (dy * normal).sum(axes), dy.sum(axes)
            dx = dy - (column(doffset) + normal * column(dscale)) / count if mode.training else dy
            gradients = {"scale": dscale, "offset": doffset}
            return [dx * inverse * column(weights["scale"])], gradients

        return normal * column(weights["scale"]) + column(weights["offset"]), backward

    return forward


def lrn(layer: Layer) -> Forward:
    """``t = k + α/size·Σ x² ; y = x·t^(−β)``."""
    op: Any = layer.op
    factor = op.alpha / op.size

    def neighbours(x: Array) -> Array:
        half = op.size // 2
        padded = np.pad(x, [(0, 0), (half, half), (0, 0), (0, 0)])
        return np.sum([padded[:, shift : shift + x.shape[1]] for shift in range(op.size)], axis=0)

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = inputs[0]
        t = op.k + factor * neighbours(x * x)

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            shared = neighbours(dy * x * t ** (-op.beta - 1))
            return [dy * t**-op.beta - 2 * factor * op.beta * x * shared], {}

        return x * t**-op.beta, backward

    return forward


def concat(layer: Layer) -> Forward:
    """Joined along channels; the gradient is cut at the same places."""
    cuts = np.cumsum([shape[0] for shape in layer.input_shapes])[:-1]

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        return np.concatenate(inputs, axis=1), lambda dy: (np.split(dy, cuts, axis=1), {})

    return forward


def add(layer: Layer) -> Forward:
    """The sum; every input receives the gradient."""

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        return np.sum(inputs, axis=0), lambda dy: ([dy] * len(inputs), {})

    return forward


def flatten(layer: Layer) -> Forward:
    """``[B, C, H, W]`` to ``[B, C·H·W]``."""

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = inputs[0]
        return x.reshape(len(x), -1), lambda dy: ([dy.reshape(x.shape)], {})

    return forward


def softmax(layer: Layer) -> Forward:
    """``dx = y·(dy − Σ dy·y)``."""

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        y = np.exp(log_softmax(inputs[0]))
        return y, lambda dy: ([y * (dy - (dy * y).sum(1, keepdims=True))], {})

    return forward


OPS: dict[str, Callable[[Layer], Forward]] = {
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


def log_softmax(x: Array) -> Array:
    """Logarithm of softmax along axis 1, without overflow."""
    shifted = x - x.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def dropout_mask(seed: int, layer: str, rate: float, step: int, shape: tuple[int, ...], first: int = 0) -> Array:
    """True where an element is kept; ``shape`` is ``[B, C, H, W]`` or ``[B, F]`` of rows from ``first`` on."""
    key = np.uint32(mask.mask_key(seed, layer))
    rows = np.arange(first, first + shape[0], dtype=np.uint32)
    row = _mix(_mix(key ^ _mix(np.array([step], np.uint32))) + rows)
    element = _mix(np.arange(math.prod(shape[1:]), dtype=np.uint32))
    bits = _mix(row[:, None] ^ element[None, :])
    return ((bits >> 8) >= mask.threshold(rate)).reshape(shape)


def _mix(x: Array) -> Array:
    x = x ^ (x >> 16)
    x = x * np.uint32(mask.MULTIPLIER_1)
    x = x ^ (x >> 15)
    x = x * np.uint32(mask.MULTIPLIER_2)
    return x ^ (x >> 16)
