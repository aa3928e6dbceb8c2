"""What lays the same numbers out in another shape."""

from __future__ import annotations

from typing import Any

from torch import nn

from digits_core.graph.graph import Layer
from digits_torch import layers


def flatten(layer: Layer, seed: int) -> nn.Module:
    """C, H, W order, whatever the order in memory."""
    return nn.Flatten()


def tokens(layer: Layer, seed: int) -> nn.Module:
    """Pixels as a sequence."""
    op: Any = layer.op
    return layers.Tokens(layer.output[0] if op.class_token else None)


def token(layer: Layer, seed: int) -> nn.Module:
    """One of a sequence."""
    op: Any = layer.op
    return layers.Token(op.index)
