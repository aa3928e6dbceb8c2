"""What leaves something out while training."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from digits_core.graph.dropout import MULTIPLIER_1, MULTIPLIER_2


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
        shape: Of one sample, ``[C, H, W]`` or ``[F]``; a 1 shares one element of the mask along that axis.
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
            return x * F.dropout(x.new_ones(len(x), *self.elements.shape[1:]), self.rate)
        return x * (self.kept(len(x), draw).to(x.dtype) * (1 / (1 - self.rate)))

    def kept(self, count: int, draw: Draw) -> Tensor:
        """The mask, true where an element is kept, for ``count`` samples."""
        rows = torch.arange(count, dtype=torch.int32, device=draw.step.device)
        if draw.first is not None:
            rows = rows + draw.first
        row = mix(mix(self.key ^ mix(draw.step)) + rows)
        bits = mix(row.view(-1, *[1] * (self.elements.dim() - 1)) ^ self.elements)
        return _shift(bits, 8) >= self.threshold


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
