"""Every operation on ``[B, H, W, C]`` or ``[B, F]``, in the order of `digits_core.graph.ops`.

A builder takes a layer and gives a pure function ``apply(inputs, weights, mode) → output``, where weights go by their
local names: ``kernel``, ``bias``. It runs while a step is traced, so its Python costs nothing per step; JAX derives the
gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import lax

from digits_core.graph import dropout as mask
from digits_core.graph.graph import Layer
from digits_core.graph.shapes import Shape
from digits_jax.arrays import Weights, in_canonical_order
from digits_jax.statistics import batch_statistics
from digits_jax.windows import max_along, pad, taps

#: fp32 means fp32 on every device: no bf16 or tf32 passes in matrix products.
PRECISION = lax.Precision.HIGHEST


@dataclass(slots=True)
class Mode:
    """How a pass runs.

    Attributes:
        step: Steps done so far, uint32, while training; None: no training behaviour.
        seed: Seed of the job.
        dtype: Number format of activations.
        unroll: Whether small convolutions are faster as one matrix product, as on processors.
        precision: How exact products of fp32 are.
        rows: Row of each sample in the global batch, uint32 ``[B]``; None: in order from 0.
        real: 0 for samples that only fill a shape, float32 ``[B]``; None: there are none.
        axis: Along which other processes see the rest of the batch; None: all of it is here.
        moved: Running statistics after the pass, by canonical name.
    """

    step: jax.Array | None = None
    seed: int = 0
    dtype: npt.DTypeLike = np.float32
    unroll: bool = False
    precision: lax.Precision = PRECISION
    rows: jax.Array | None = None
    real: jax.Array | None = None
    axis: str | None = None
    moved: Weights = field(default_factory=dict)


Apply: TypeAlias = Callable[[Sequence[jax.Array], Weights, Mode], jax.Array]

#: Windows of at most so many elements are unrolled, if they move by at most so many pixels: measured on processors.
UNROLLED_ELEMENTS, UNROLLED_STRIDE = 512, 2


def input(layer: Layer) -> Apply:
    """Pictures of 0 to 255, centred and scaled."""
    op: Any = layer.op

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        pictures = inputs[0].astype(mode.dtype)
        return (pictures - weights["mean"] if "mean" in weights else pictures) * op.scale

    return apply


def conv(layer: Layer) -> Apply:
    """JAX's convolution; small ones on processors as one matrix product, whose gradients are much faster there."""
    op: Any = layer.op
    windows = op.windows(layer.input_shapes[0])
    elements = layer.input_shapes[0][0] * math.prod(op.kernel)
    small = op.groups == 1 and max(op.stride) <= UNROLLED_STRIDE and elements <= UNROLLED_ELEMENTS

    def unrolled(x: jax.Array, kernel: jax.Array, precision: lax.Precision) -> jax.Array:
        columns = [
            column
            for row in taps(pad(x, windows, 0), 1, op.kernel[0], op.stride[0], op.dilation[0])
            for column in taps(row, 2, op.kernel[1], op.stride[1], op.dilation[1])
        ]
        flat = jnp.concatenate(columns, axis=-1).reshape(-1, elements)
        product = jnp.dot(flat, kernel.reshape(elements, op.filters), precision=precision)
        return product.reshape(len(x), *windows.output, op.filters)

    def native(x: jax.Array, kernel: jax.Array, precision: lax.Precision) -> jax.Array:
        return lax.conv_general_dilated(
            x,
            kernel,
            window_strides=op.stride,
            padding=(windows.padding[:2], windows.padding[2:]),
            rhs_dilation=op.dilation,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=op.groups,
            precision=precision,
        )

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        y = (unrolled if small and mode.unroll else native)(inputs[0], weights["kernel"], mode.precision)
        return y + weights["bias"] if op.bias else y

    return apply


def max_pool(layer: Layer) -> Apply:
    """The largest of each row of a window, then of those: the first in row-major order gets the gradient."""
    op: Any = layer.op
    windows = op.windows(layer.input_shapes[0])
    rows, columns = (max_along(axis, op.kernel[axis - 1], op.stride[axis - 1]) for axis in (1, 2))

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        return rows(columns(pad(inputs[0], windows, -jnp.inf)))

    return apply


def average_pool(layer: Layer) -> Apply:
    """Sums over columns, then rows; the divisor of each window is how many countable elements it holds."""
    op: Any = layer.op
    windows = op.windows(layer.input_shapes[0])
    divisor = np.outer(*op.countable(layer.input_shapes[0]))[:, :, None]

    def total(x: jax.Array) -> jax.Array:
        in_rows = reduce(jnp.add, taps(x, 2, op.kernel[1], op.stride[1]))
        return reduce(jnp.add, taps(in_rows, 1, op.kernel[0], op.stride[0]))

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        return total(pad(inputs[0], windows, 0)) / divisor.astype(inputs[0].dtype)

    return apply


def global_average_pool(layer: Layer) -> Apply:
    """The mean over height and width."""

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        return inputs[0].mean((1, 2), keepdims=True)

    return apply


def dense(layer: Layer) -> Apply:
    """One matrix product; the kernel's rows lie in the order of the input's memory."""
    op: Any = layer.op

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        flat = inputs[0].reshape(len(inputs[0]), -1)
        y = jnp.dot(flat, weights["kernel"], precision=mode.precision)
        return y + weights["bias"] if op.bias else y

    return apply


def relu(layer: Layer) -> Apply:
    """JAX's, whose gradient at 0 is 0."""
    return _elementwise(jax.nn.relu)


def tanh(layer: Layer) -> Apply:
    """Hyperbolic tangent."""
    return _elementwise(jnp.tanh)


def sigmoid(layer: Layer) -> Apply:
    """``1 / (1 + exp(−x))``."""
    return _elementwise(jax.nn.sigmoid)


def dropout(layer: Layer) -> Apply:
    """The mask of `digits_core.graph.dropout`."""
    op: Any = layer.op

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        x = inputs[0]
        if mode.step is None:
            return x
        rows = jnp.arange(len(x), dtype=jnp.uint32) if mode.rows is None else mode.rows
        kept = dropout_mask(mask.mask_key(mode.seed, layer.name), op.rate, mode.step, rows, layer.output)
        return jnp.where(kept, x * (1 / (1 - op.rate)), 0)

    return apply


def batch_norm(layer: Layer) -> Apply:
    """Statistics over batch, height and width; running ones move while training."""
    op: Any = layer.op

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        x = inputs[0]
        mean, variance = weights["mean"], weights["variance"]
        if mode.step is not None:
            mean, variance, correction = batch_statistics(x, mode.real, mode.axis)
            unbiased = variance * correction
            for name, batch in (("mean", mean), ("variance", unbiased)):
                moved = (1 - op.momentum) * weights[name] + op.momentum * batch
                mode.moved[f"{layer.name}/{name}"] = lax.stop_gradient(moved)
        return (x - mean) / jnp.sqrt(variance + op.epsilon) * weights["scale"] + weights["offset"]

    return apply


def lrn(layer: Layer) -> Apply:
    """``t = k + α/size·Σ x² ; y = x·t^(−β)``."""
    op: Any = layer.op
    half = op.size // 2

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        x = inputs[0]
        squares = jnp.pad(x * x, [(0, 0), (0, 0), (0, 0), (half, half)])
        neighbours = reduce(jnp.add, taps(squares, 3, op.size, 1))
        return x * (op.k + op.alpha / op.size * neighbours) ** -op.beta

    return apply


def concat(layer: Layer) -> Apply:
    """Joined along channels, which are last."""

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        return jnp.concatenate(inputs, axis=-1)

    return apply


def add(layer: Layer) -> Apply:
    """The sum, from left to right."""

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        return reduce(jnp.add, inputs)

    return apply


def flatten(layer: Layer) -> Apply:
    """Features in C, H, W order."""

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        return in_canonical_order(inputs[0])

    return apply


def softmax(layer: Layer) -> Apply:
    """Over channels or features, which are last."""
    return _elementwise(jax.nn.softmax)


OPS: dict[str, Callable[[Layer], Apply]] = {
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


def dropout_mask(key: int, rate: float, step: jax.Array, rows: jax.Array, shape: Shape) -> jax.Array:
    """True where an element is kept, ``[B, H, W, C]`` or ``[B, F]``, for a layer of canonical ``shape``."""
    row = _mix(_mix(jnp.uint32(key) ^ _mix(step)) + rows)
    element = jnp.moveaxis(jnp.arange(math.prod(shape), dtype=jnp.uint32).reshape(shape), 0, -1)
    bits = _mix(row.reshape(len(rows), *[1] * len(shape)) ^ _mix(element))
    return (bits >> 8) >= mask.threshold(rate)


def _mix(x: jax.Array) -> jax.Array:
    x = x ^ (x >> 16)
    x = x * jnp.uint32(mask.MULTIPLIER_1)
    x = x ^ (x >> 15)
    x = x * jnp.uint32(mask.MULTIPLIER_2)
    return x ^ (x >> 16)


def _elementwise(function: Callable[[jax.Array], jax.Array]) -> Apply:
    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        return function(inputs[0])

    return apply
