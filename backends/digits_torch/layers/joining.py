"""What makes one of several branches."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Concat(nn.Module):
    """Joins channels or features."""

    def forward(self, *inputs: Tensor) -> Tensor:
        """``[B, ΣC, H, W]`` or ``[B, ΣF]``."""
        return torch.cat(inputs, dim=1)


class Add(nn.Module):
    """The sum of its inputs."""

    def forward(self, first: Tensor, *others: Tensor) -> Tensor:
        """Element by element, from left to right."""
        total = first
        for other in others:
            total = total + other
        return total


class Multiply(nn.Module):
    """The product of two inputs."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """``[B, C, H, W]`` times the same or ``[B, C, 1, 1]``."""
        return first * second
