"""Functions of each element alone, and softmax."""

from __future__ import annotations

from torch import nn

from digits_core.graph.graph import Layer
from digits_torch import layers


def relu(layer: Layer, seed: int) -> nn.Module:
    """``max(x, 0)``."""
    return nn.ReLU()


def relu6(layer: Layer, seed: int) -> nn.Module:
    """``min(max(x, 0), 6)``."""
    return nn.ReLU6()


def tanh(layer: Layer, seed: int) -> nn.Module:
    """Hyperbolic tangent."""
    return nn.Tanh()


def sigmoid(layer: Layer, seed: int) -> nn.Module:
    """``1 / (1 + exp(−x))``."""
    return nn.Sigmoid()


def silu(layer: Layer, seed: int) -> nn.Module:
    """``x·sigmoid(x)``."""
    return nn.SiLU()


def gelu(layer: Layer, seed: int) -> nn.Module:
    """``x·Φ(x)``, exactly."""
    return nn.GELU()


def hard_sigmoid(layer: Layer, seed: int) -> nn.Module:
    """``relu6(x + 3) / 6``."""
    return layers.HardSigmoid()


def hard_swish(layer: Layer, seed: int) -> nn.Module:
    """``x·relu6(x + 3) / 6``."""
    return nn.Hardswish()


def softmax(layer: Layer, seed: int) -> nn.Module:
    """Over channels or features."""
    return nn.Softmax(dim=1)
