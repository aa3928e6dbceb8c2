"""What summarises windows of a picture, or all of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from digits_core.graph.graph import Layer
from digits_jax.arrays import Weights
from digits_jax.ops.op import Apply, Mode
from digits_jax.windows import max_along, pad, taps


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
