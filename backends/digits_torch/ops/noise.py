"""What leaves something out while training."""

from __future__ import annotations

from typing import Any

from torch import nn

from digits_core.graph import dropout as mask
from digits_core.graph.graph import Layer
from digits_core.graph.shapes import Shape
from digits_torch import layers

#: Operations whose modules take what decides masks as well.
DRAWING = frozenset({"dropout", "stochastic_depth"})


def dropout(layer: Layer, seed: int) -> nn.Module:
    """The mask every backend computes."""
    return _keyed(layer, seed, layer.output)


def stochastic_depth(layer: Layer, seed: int) -> nn.Module:
    """The same with one element for the whole row."""
    return _keyed(layer, seed, (1,) * len(layer.output))


def _keyed(layer: Layer, seed: int, shape: Shape) -> nn.Module:
    op: Any = layer.op
    return layers.KeyedDropout(shape, op.rate, mask.mask_key(seed, layer.name), mask.threshold(op.rate))
