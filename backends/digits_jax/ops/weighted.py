"""Sums of products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from digits_core.graph.graph import Layer
from digits_jax import convolution
from digits_jax.arrays import Weights
from digits_jax.ops.op import Apply, Mode


def conv(layer: Layer) -> Apply:
    """JAX's convolution, or what is faster."""
    op: Any = layer.op
    native, apart = convolution.native(layer), convolution.taken_apart(layer)

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        y = (apart if mode.unroll else native)(inputs[0], weights["kernel"], mode.precision)
        return y + weights["bias"] if op.bias else y

    return apply


def dense(layer: Layer) -> Apply:
    """One matrix product; the kernel's rows lie in the order of the input's memory."""
    op: Any = layer.op

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        flat = inputs[0].reshape(inputs[0].shape[0], -1)
        y = jnp.dot(flat, weights["kernel"], precision=mode.precision)
        return y + weights["bias"] if op.bias else y

    return apply
