"""Layers that ``torch.nn`` does not have, as modules without anything of DIGITS in them."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from digits_core.graph.dropout import MULTIPLIER_1, MULTIPLIER_2
from digits_core.graph.shapes import Sides
from digits_torch.synchronised import batch_norm_together, widened
from digits_torch.team import Team


class Input(nn.Module):
    """``(x − mean)·scale`` of uint8 pictures ``[B, H, W, C]``, as channels-last ``[B, C, H, W]``.

    Args:
        mean: Shape ``[1, C, H, W]`` or ``[1, C, 1, 1]`` of what is subtracted; empty: nothing.
        scale: Factor afterwards.
    """

    def __init__(self, mean: tuple[int, ...], scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.register_buffer("mean", torch.zeros(mean) if mean else None)
        # Carries the number format where there is no mean.
        self.register_buffer("zero", torch.zeros(()), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Pictures as activations."""
        x = images.permute(0, 3, 1, 2).to(self.zero.dtype)
        centred = x if self.mean is None else x - self.mean
        return centred if self.scale == 1 else centred * self.scale


class PaddedConv2d(nn.Conv2d):
    """A convolution whose sides are padded differently, as `sides` says: zeros at (top, bottom, left, right)."""

    sides: Sides = (0, 0, 0, 0)

    def forward(self, x: Tensor) -> Tensor:
        """Pad, then convolve."""
        return super().forward(pad(x, self.sides, 0.0))


class PictureLinear(nn.Linear):
    """A linear layer of pictures, flattened in C, H, W order."""

    def forward(self, x: Tensor) -> Tensor:
        """Flatten, then multiply."""
        return super().forward(x.flatten(1))


class PaddedMaxPool2d(nn.Module):
    """Max pooling whose sides are padded differently, with −∞.

    Args:
        kernel: Height and width of the window.
        stride: Distance between windows.
        sides: Padding at (top, bottom, left, right).
    """

    def __init__(self, kernel: tuple[int, int], stride: tuple[int, int], sides: Sides) -> None:
        super().__init__()
        self.kernel, self.stride, self.sides = kernel, stride, sides

    def forward(self, x: Tensor) -> Tensor:
        """Pad, then pool."""
        return F.max_pool2d(pad(x, self.sides, -math.inf), self.kernel, self.stride)


class PaddedAvgPool2d(nn.Module):
    """Average pooling with a divisor of its own for every window.

    Args:
        kernel: Height and width of the window.
        stride: Distance between windows.
        sides: Padding at (top, bottom, left, right).
        divisor: ``[h, w]``, by what the sum of each window is divided.
    """

    def __init__(self, kernel: tuple[int, int], stride: tuple[int, int], sides: Sides, divisor: Tensor) -> None:
        super().__init__()
        self.kernel, self.stride, self.sides = kernel, stride, sides
        self.register_buffer("divisor", divisor[None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Pad, add up, divide."""
        return F.avg_pool2d(pad(x, self.sides, 0.0), self.kernel, self.stride, divisor_override=1) / self.divisor


class Draw(NamedTuple):
    """What decides the masks of one pass, besides each layer's key.

    Attributes:
        step: int32 scalar, steps done so far.
        first: int32 scalar, row of the global batch that the first sample is; None: 0.
    """

    step: Tensor
    first: Tensor | None = None


class KeyedDropout(nn.Module):
    """Dropout whose mask is a function of key, step, row and element; see `digits_core.graph.dropout`.

    Args:
        shape: Of one sample, ``[C, H, W]`` or ``[F]``.
        rate: Probability of 0.
        key: 32-bit number of the layer and seed.
        threshold: 24-bit number below which an element is dropped.
    """

    def __init__(self, shape: tuple[int, ...], rate: float, key: int, threshold: int) -> None:
        super().__init__()
        self.rate, self.key, self.threshold = rate, _signed(key), threshold
        elements = mix(torch.arange(math.prod(shape), dtype=torch.int32)).view(1, *shape)
        self.register_buffer("elements", elements, persistent=False)

    def forward(self, x: Tensor, draw: Draw | None = None) -> Tensor:
        """Drop elements while training.

        Args:
            x: Activations.
            draw: On the device of ``x``; None: the mask is drawn from torch's generator.
        """
        if not self.training or self.rate == 0:
            return x
        if draw is None:
            return F.dropout(x, self.rate)
        return x * (self.kept(len(x), draw).to(x.dtype) * (1 / (1 - self.rate)))

    def kept(self, count: int, draw: Draw) -> Tensor:
        """The mask, true where an element is kept, for ``count`` samples."""
        rows = torch.arange(count, dtype=torch.int32, device=draw.step.device)
        if draw.first is not None:
            rows = rows + draw.first
        row = mix(mix(self.key ^ mix(draw.step)) + rows)
        bits = mix(row.view(-1, *[1] * (self.elements.dim() - 1)) ^ self.elements)
        return _shift(bits, 8) >= self.threshold


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


def pad(x: Tensor, sides: Sides, value: float) -> Tensor:
    """Pad height and width at (top, bottom, left, right)."""
    top, bottom, left, right = sides
    return F.pad(x, (left, right, top, bottom), value=value)


def mix(x: Tensor) -> Tensor:
    """The mixer of dropout masks on int32, whose products wrap as those of uint32 do."""
    x = x ^ _shift(x, 16)
    x = x * _signed(MULTIPLIER_1)
    x = x ^ _shift(x, 15)
    x = x * _signed(MULTIPLIER_2)
    return x ^ _shift(x, 16)


def _shift(x: Tensor, count: int) -> Tensor:
    # Torch shifts the sign of an int32 in; the mask takes it out again.
    return (x >> count) & ((1 << (32 - count)) - 1)


def _signed(number: int) -> int:
    return number - (1 << 32) if number >= 1 << 31 else number
