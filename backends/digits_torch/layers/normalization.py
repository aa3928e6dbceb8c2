"""What brings activations to a common scale."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from digits_torch.synchronised import batch_norm_together, widened
from digits_torch.team import Team

#: The exponent of AlexNet's and GoogLeNet's response normalisation.
USUAL_BETA = 0.75


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
    """``x / (k + alpha/size·Σ x²)^beta`` across channels; five times as fast as ``nn.LocalResponseNorm`` on processors.

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
        normal: Tensor = _ResponseNorm.apply(widened(x), self.size, self.factor, self.beta, self.k)
        return normal.to(x.dtype)


class _ResponseNorm(torch.autograd.Function):
    """With ``t = k + factor·Σ x²``: ``y = x·t^−beta ; dx = dy·t^−beta − 2·factor·beta·x·Σ (dy·x·t^−beta / t)``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, size: int, factor: float, beta: float, k: float) -> Tensor:
        t = _sum_of_neighbours(x * x, size).mul_(factor).add_(k)
        power = _negative_power(t, beta)
        ctx.save_for_backward(x, t, power)
        ctx.size, ctx.weight = size, -2 * factor * beta
        return x * power

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, None, None, None, None]:
        x, t, power = ctx.saved_tensors
        scaled = dy * power
        shared = _sum_of_neighbours((scaled * x).div_(t), ctx.size)
        return scaled.addcmul_(x, shared, value=ctx.weight), None, None, None, None


def _sum_of_neighbours(x: Tensor, size: int) -> Tensor:
    total = x.clone()
    for distance in range(1, size // 2 + 1):
        total[:, distance:] += x[:, :-distance]
        total[:, :-distance] += x[:, distance:]
    return total


def _negative_power(t: Tensor, beta: float) -> Tensor:
    if beta != USUAL_BETA:
        return t.pow(-beta)
    root = t.rsqrt()  # roots take a fraction of the time that powers take
    return root.sqrt().mul_(root)


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
