"""What summarises windows of a picture, or all of it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from digits_core.graph.graph import Layer
from digits_core.graph.shapes import Sides, Windows
from digits_torch import layers
from digits_torch.layers.windows import is_symmetric


def max_pool(layer: Layer, seed: int) -> nn.Module:
    """Torch's own, where it can pad as asked."""
    op: Any = layer.op
    if _is_native(op.padding, op.kernel):
        return nn.MaxPool2d(op.kernel, op.stride, op.padding[::2], ceil_mode=op.ceil_mode)
    return layers.PaddedMaxPool2d(op.kernel, op.stride, _sides(op.windows(layer.input_shapes[0])))


def average_pool(layer: Layer, seed: int) -> nn.Module:
    """Torch's own, where it can pad as asked."""
    op: Any = layer.op
    if _is_native(op.padding, op.kernel):
        return nn.AvgPool2d(op.kernel, op.stride, op.padding[::2], op.ceil_mode, op.count_include_pad)
    shape = layer.input_shapes[0]
    divisor = torch.outer(*(torch.tensor(counts, dtype=torch.float32) for counts in op.countable(shape)))
    return layers.PaddedAvgPool2d(op.kernel, op.stride, _sides(op.windows(shape)), divisor)


def global_average_pool(layer: Layer, seed: int) -> nn.Module:
    """The mean over height and width."""
    return nn.AdaptiveAvgPool2d(1)


def _is_native(sides: Sides, kernel: tuple[int, int]) -> bool:
    """Whether torch's pooling can pad so: the same on opposite sides, and at most half a window."""
    return is_symmetric(sides) and 2 * sides[0] <= kernel[0] and 2 * sides[2] <= kernel[1]


def _sides(windows: Windows) -> Sides:
    """All padding, what ceil mode needs included."""
    top, bottom, left, right = windows.padding
    return (top, bottom + windows.extra[0], left, right + windows.extra[1])
