"""What brings activations to a common scale."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.utils import skip_init

from digits_core.graph.graph import Layer
from digits_torch import layers


def batch_norm(layer: Layer, seed: int) -> nn.Module:
    """Torch's own, without its count of batches."""
    op: Any = layer.op
    norm = layers.BatchNorm(layer.output[0], op.epsilon, op.momentum)
    norm.num_batches_tracked = None
    return norm


def layer_norm(layer: Layer, seed: int) -> nn.Module:
    """Torch's own, over channels."""
    op: Any = layer.op
    return skip_init(layers.ChannelNorm, layer.output[0], eps=op.epsilon)


def lrn(layer: Layer, seed: int) -> nn.Module:
    """Local response normalisation."""
    op: Any = layer.op
    return layers.Lrn(op.size, op.alpha, op.beta, op.k)


def channel_scale(layer: Layer, seed: int) -> nn.Module:
    """One factor per channel."""
    return layers.ChannelScale((layer.output[0], *[1] * (len(layer.output) - 1)))
