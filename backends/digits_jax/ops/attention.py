"""What transformers do with tokens, ``[B, N, 1, C]``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from digits_core.graph.graph import Layer
from digits_jax.arrays import Weights
from digits_jax.ops.op import Apply, Mode


def position(layer: Layer) -> Apply:
    """A sum with what was learned."""

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        return inputs[0] + weights["embedding"]

    return apply


def attention(layer: Layer) -> Apply:
    """``softmax(Q·Kᵀ/√d)·V`` in every head; the softmax is never in half precision."""
    op: Any = layer.op
    channels, count, _ = layer.output
    scale = 1 / math.sqrt(channels // op.heads)

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        x = inputs[0]
        query, key, value = x.reshape(x.shape[0], count, 3, op.heads, -1).transpose(2, 0, 3, 1, 4)
        wide = jnp.promote_types(x.dtype, jnp.float32)
        scores = jnp.einsum(
            "bhqd,bhkd->bhqk", query * scale, key, precision=mode.precision, preferred_element_type=wide
        )
        share = jax.nn.softmax(scores).astype(x.dtype)
        mixed = jnp.einsum("bhqk,bhkd->bhqd", share, value, precision=mode.precision)
        return mixed.transpose(0, 2, 1, 3).reshape(x.shape[0], count, 1, channels)

    return apply
