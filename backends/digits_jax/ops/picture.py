"""The picture that a network begins with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from digits_core.graph.graph import Layer
from digits_jax.arrays import Weights
from digits_jax.ops.op import Apply, Mode


def input(layer: Layer) -> Apply:
    """Pictures of 0 to 255, centred and scaled."""
    op: Any = layer.op

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        pictures = inputs[0].astype(mode.dtype)
        return (pictures - weights["mean"] if "mean" in weights else pictures) * op.scale

    return apply
