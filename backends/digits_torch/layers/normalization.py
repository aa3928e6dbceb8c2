"""What brings activations to a common scale."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from digits_torch.synchronised import batch_norm_together, widened
from digits_torch.team import Team


class BatchNorm(nn.BatchNorm2d):
    """Batch norm of ``[B, C, H, W]`` or ``[B, F]`` that also takes one value per channel, whose variance is 0.

    Attributes:
        team: Processes that normalise their batches together while training; None: this one alone.
    """

    team: Team | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Normalise, and move the running statistics while training."""
        if self.training and self.team is not None:
            return batch_norm_together(x, self, self.team)
        if not self.training or x.numel() > x.shape[1]:
            return super().forward(x)
        with torch.no_grad():
            self.running_mean.lerp_(x.flatten(), self.momentum)
            self.running_var.mul_(1 - self.momentum)
        column = (1, -1, *[1] * (x.dim() - 2))
        return torch.zeros_like(x) * self.weight.view(column) + self.bias.view(column)

    def _check_input_dim(self, input: Tensor) -> None:
        """Any number of dimensions; the graph has checked shapes."""


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels at each place of ``[B, C, H, W]``, or over features ``[B, F]``."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise what lies together in channels-last memory."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class Lrn(nn.Module):
    """``x / (k + alpha/size·Σ x²)^beta`` across channels; twice as fast as ``nn.LocalResponseNorm`` in channels-last.

    Args:
        size: Channels in the sum; odd.
        alpha: Weight of the sum.
        beta: The exponent.
        k: Keeps the quotient finite.
    """

    def __init__(self, size: int, alpha: float, beta: float, k: float) -> None:
        super().__init__()
        self.size, self.factor, self.beta, self.k = size, alpha / size, beta, k

    def forward(self, x: Tensor) -> Tensor:
        """Normalise."""
        half, channels = self.size // 2, x.shape[1]
        wide = widened(x)
        squares = F.pad(wide * wide, (0, 0, 0, 0, half, half))
        total = squares[:, :channels]
        for shift in range(1, self.size):
            total = total + squares[:, shift : shift + channels]
        return (wide * (total * self.factor + self.k).pow(-self.beta)).to(x.dtype)


class ChannelScale(nn.Module):
    """``weight·x`` with one factor per channel.

    Args:
        shape: One factor for each channel and 1 along other axes, ``[C, 1, 1]`` or ``[F]``.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape))

    def forward(self, x: Tensor) -> Tensor:
        """Multiply."""
        return x * self.weight
