"""Sums of products."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from digits_core.graph.graph import Layer
from digits_jax.arrays import Weights
from digits_jax.ops.op import Apply, Mode
from digits_jax.windows import pad, taps


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


def dense(layer: Layer) -> Apply:
    """One matrix product; the kernel's rows lie in the order of the input's memory."""
    op: Any = layer.op

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        flat = inputs[0].reshape(len(inputs[0]), -1)
        y = jnp.dot(flat, weights["kernel"], precision=mode.precision)
        return y + weights["bias"] if op.bias else y

    return apply


#: Windows of at most so many elements are unrolled, if they move by at most so many pixels: measured on processors.
UNROLLED_ELEMENTS, UNROLLED_STRIDE = 512, 2
