"""The picture that a network begins with."""

from __future__ import annotations

import torch
from torch import Tensor, nn


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
