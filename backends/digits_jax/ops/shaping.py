"""What lays the same numbers out in another shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from digits_core.graph.graph import Layer
from digits_jax.arrays import Weights, in_canonical_order
from digits_jax.ops.op import Apply, Mode, elementwise


def flatten(layer: Layer) -> Apply:
    """Features in C, H, W order."""

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        return in_canonical_order(inputs[0])

    return apply


def tokens(layer: Layer) -> Apply:
    """``[B, H, W, C]`` to ``[B, N, 1, C]``."""

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        x = inputs[0]
        sequence = x.reshape(x.shape[0], -1, 1, x.shape[-1])
        if "token" not in weights:
            return sequence
        token = jnp.broadcast_to(weights["token"], (x.shape[0], 1, 1, x.shape[-1]))
        return jnp.concatenate([token, sequence], axis=1)

    return apply


def token(layer: Layer) -> Apply:
    """``[B, N, 1, C]`` to ``[B, C]``."""
    op: Any = layer.op
    return elementwise(lambda x: x[:, op.index, 0])
