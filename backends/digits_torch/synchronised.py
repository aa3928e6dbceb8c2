"""Batch norm over the batches of several processes."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from digits_torch.team import Team


class Statistics(NamedTuple):
    """What a batch is normalised by.

    Attributes:
        mean: ``[C]``.
        variance: ``[C]``, biased.
        values: Scalar, how many of each channel.
    """

    mean: Tensor
    variance: Tensor
    values: Tensor


@torch.compiler.disable
def batch_norm_together(x: Tensor, norm: nn.BatchNorm2d, team: Team) -> Tensor:
    """Normalise by the statistics of all processes' ``x`` together, and move the running ones.

    Args:
        x: ``[B, C, H, W]`` or ``[B, F]``; B may differ between processes.
        norm: Scale, offset, running statistics and constants.
        team: The processes; each calls this in the same order.

    Raises:
        JobFailed: If another process is gone.
    """
    with torch.no_grad():
        statistics = global_statistics(x, team)
        unbiased = statistics.variance * (statistics.values / (statistics.values - 1))
        norm.running_mean.lerp_(statistics.mean, norm.momentum)
        norm.running_var.lerp_(unbiased, norm.momentum)
    normalised: Tensor = _Normalise.apply(x, norm.weight, norm.bias, statistics, norm.eps, team)
    return normalised


def global_statistics(x: Tensor, team: Team) -> Statistics:
    """Statistics over all processes.

    Each process's own are put together, which rounds less than sums of squares do. Source: Chan, Golub, LeVeque,
    *Updating Formulae and a Pairwise Algorithm for Computing Sample Variances*, 1979.
    """
    mean, variance = torch.batch_norm_update_stats(widened(x), None, None, 0.0)
    channels = len(mean)
    count = mean.new_full((1,), x.numel() // channels)
    means, variances, counts = team.gather(torch.cat((mean, variance, count))).split((channels, channels, 1), dim=1)
    shares = counts / counts.sum()
    mean = (shares * means).sum(0)
    return Statistics(mean, (shares * (variances + (means - mean).square())).sum(0), counts.sum())


def widened(x: Tensor) -> Tensor:
    """Half precision as float32, everything else as it is."""
    return x.float() if x.dtype.itemsize < 4 else x


class _Normalise(torch.autograd.Function):
    """``scale·x̂ + offset`` with ``x̂ = (x − mean)/√(variance + ε)``, whose statistics depend on every process's x."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, scale: Tensor, offset: Tensor, statistics: Statistics, epsilon: float, team: Team
    ) -> Tensor:
        mean, variance, values = statistics
        ctx.save_for_backward(x, scale, mean, variance, values)
        ctx.epsilon, ctx.team = epsilon, team
        return torch.batch_norm(x, scale, offset, mean, variance, False, 0.0, epsilon, torch.backends.cudnn.enabled)

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        """``dx = scale/√(variance + ε)·(dy − (Σ dy + x̂·Σ dy·x̂)/values)``, with sums over all processes."""
        x, scale, mean, variance, values = ctx.saved_tensors
        dx, dscale, doffset = torch.ops.aten.native_batch_norm_backward(
            dy, x, scale, mean, variance, None, None, False, ctx.epsilon, [True, True, True]
        )
        rest = (None, None, None)
        if not ctx.needs_input_grad[0]:
            return None, dscale, doffset, *rest
        sums = ctx.team.sum(torch.cat((dscale, doffset))).view(2, -1) / values
        inverse = (variance + ctx.epsilon).rsqrt()
        column = (1, -1, *[1] * (x.dim() - 2))
        slope = -scale * inverse.square() * sums[0]
        level = -scale * inverse * sums[1] - slope * mean
        whole = widened(dx).add_(level.view(column)).addcmul_(x, slope.view(column))
        return whole.to(x.dtype), dscale, doffset, *rest
