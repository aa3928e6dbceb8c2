"""What transformers do with tokens: ``[B, C, N, 1]``, in channels-last memory ``[B, N, C]``."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Tokens(nn.Module):
    """A picture as a sequence of its pixels, row by row.

    Args:
        channels: Length of a learned token that comes first; None: there is none.
    """

    def __init__(self, channels: int | None = None) -> None:
        super().__init__()
        self.token = None if channels is None else nn.Parameter(torch.empty(channels))

    def forward(self, x: Tensor) -> Tensor:
        """``[B, C, H, W]`` to ``[B, C, N, 1]``."""
        tokens = x.flatten(2).transpose(1, 2)
        if self.token is not None:
            tokens = torch.cat((self.token.to(x.dtype).expand(len(x), 1, -1), tokens), dim=1)
        return from_sequence(tokens)


class Position(nn.Module):
    """``x + embedding``.

    Args:
        shape: Of one sample.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.empty(1, *shape))

    def forward(self, x: Tensor) -> Tensor:
        """Add what was learned."""
        return x + self.embedding


class Attention(nn.Module):
    """``softmax(Q·Kᵀ/√d)·V`` in every head; queries, keys and values are thirds of the channels.

    Args:
        heads: How many.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        """``[B, 3·D, N, 1]`` to ``[B, D, N, 1]``."""
        batch, channels, count, _ = x.shape
        thirds = to_sequence(x).view(batch, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*thirds.unbind())
        return from_sequence(mixed.transpose(1, 2).reshape(batch, count, channels // 3))


class Token(nn.Module):
    """One token of a sequence.

    Args:
        index: Which one.
    """

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index

    def forward(self, x: Tensor) -> Tensor:
        """``[B, C, N, 1]`` to ``[B, C]``."""
        return x[:, :, self.index, 0]


def to_sequence(x: Tensor) -> Tensor:
    """``[B, C, N, 1]`` as ``[B, N, C]``; a view of channels-last memory."""
    return x.squeeze(-1).transpose(1, 2).contiguous()


def from_sequence(x: Tensor) -> Tensor:
    """``[B, N, C]`` as ``[B, C, N, 1]``; a view."""
    return x.transpose(1, 2).unsqueeze(-1)
