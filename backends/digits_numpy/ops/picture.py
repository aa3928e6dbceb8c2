"""The picture that a network begins with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from digits_core.graph.graph import Layer
from digits_numpy.arrays import Array
from digits_numpy.ops.op import Backward, Forward, Mode, Weights


def input(layer: Layer) -> Forward:
    """Pictures ``[B, C, H, W]`` of 0 to 255, centred and scaled."""
    op: Any = layer.op

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        centred = inputs[0] - weights["mean"] if "mean" in weights else inputs[0]
        return centred * op.scale, lambda dy: ([dy * op.scale], {})

    return forward
