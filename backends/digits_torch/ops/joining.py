"""What makes one of several branches."""

from __future__ import annotations

from torch import nn

from digits_core.graph.graph import Layer
from digits_torch import layers


def concat(layer: Layer, seed: int) -> nn.Module:
    """Joined along channels."""
    return layers.Concat()


def add(layer: Layer, seed: int) -> nn.Module:
    """The sum of the inputs."""
    return layers.Add()


def multiply(layer: Layer, seed: int) -> nn.Module:
    """The product of both inputs."""
    return layers.Multiply()
