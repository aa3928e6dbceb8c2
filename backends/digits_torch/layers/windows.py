"""Convolutions, pools and products of pictures that ``torch.nn`` does not offer."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

from digits_core.graph.shapes import Sides


class PaddedConv2d(nn.Conv2d):
    """A convolution whose sides are padded differently, as `sides` says: zeros at (top, bottom, left, right)."""

    sides: Sides = (0, 0, 0, 0)

    def forward(self, x: Tensor) -> Tensor:
        """Pad, then convolve."""
        return super().forward(pad(x, self.sides, 0.0))


class SubsampledConv2d(PaddedConv2d):
    """A convolution of one pixel with strides, which takes the pixels it looks at out of the picture first."""

    def forward(self, x: Tensor) -> Tensor:
        """Pad, leave pixels out, then convolve."""
        down, right = self.stride
        seen = pad(x, self.sides, 0.0)[:, :, ::down, ::right]
        return F.conv2d(seen, self.weight, self.bias, groups=self.groups)


class PointwiseConv2d(nn.Conv2d):
    """A convolution of one pixel as one matrix product: faster on processors, and on sequences of tokens."""

    def forward(self, x: Tensor) -> Tensor:
        """Multiply what lies together in channels-last memory."""
        if x.is_cuda and x.shape[3] > 1:
            return super().forward(x)
        return F.linear(x.movedim(1, -1), self.weight.flatten(1), self.bias).movedim(-1, 1)


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


def pad(x: Tensor, sides: Sides, value: float) -> Tensor:
    """Pad height and width at (top, bottom, left, right)."""
    top, bottom, left, right = sides
    return F.pad(x, (left, right, top, bottom), value=value)


def is_symmetric(sides: Sides) -> bool:
    """Whether opposite sides are padded alike."""
    top, bottom, left, right = sides
    return top == bottom and left == right
