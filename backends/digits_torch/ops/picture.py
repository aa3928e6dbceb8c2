"""The picture that a network begins with."""

from __future__ import annotations

from typing import Any

from torch import nn

from digits_core.graph.graph import Layer
from digits_torch import layers


def input(layer: Layer, seed: int) -> nn.Module:
    """The mean has a batch axis, so that it can be channels-last too."""
    op: Any = layer.op
    mean = layer.parameters.get("input/mean")
    return layers.Input((1, *mean.shape) if mean else (), op.scale)
