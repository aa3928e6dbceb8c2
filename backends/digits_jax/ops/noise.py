"""What leaves something out while training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from digits_core.graph import dropout as mask
from digits_core.graph.graph import Layer
from digits_core.graph.shapes import Shape
from digits_jax.arrays import Weights
from digits_jax.ops.op import Apply, Mode


def dropout(layer: Layer) -> Apply:
    """The mask of `digits_core.graph.dropout`."""
    return _masked(layer, layer.output)


def stochastic_depth(layer: Layer) -> Apply:
    """The same mask with one element for the whole row."""
    return _masked(layer, (1,) * len(layer.output))


def _masked(layer: Layer, shape: Shape) -> Apply:
    op: Any = layer.op

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        x = inputs[0]
        if mode.step is None:
            return x
        rows = jnp.arange(len(x), dtype=jnp.uint32) if mode.rows is None else mode.rows
        kept = dropout_mask(mask.mask_key(mode.seed, layer.name), op.rate, mode.step, rows, shape)
        return jnp.where(kept, x * (1 / (1 - op.rate)), 0)

    return apply


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
