"""What transformers do with tokens."""

from __future__ import annotations

from typing import Any

from torch import nn

from digits_core.graph.graph import Layer
from digits_torch import layers


def position(layer: Layer, seed: int) -> nn.Module:
    """A sum with what was learned."""
    return layers.Position(layer.output)


def attention(layer: Layer, seed: int) -> nn.Module:
    """Torch's fused kernels."""
    op: Any = layer.op
    return layers.Attention(op.heads)
