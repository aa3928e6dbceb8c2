"""Sums of products."""

from __future__ import annotations

import math
from typing import Any

from torch import nn
from torch.nn.utils import skip_init

from digits_core.contracts.onednn import overruns
from digits_core.graph.graph import Layer
from digits_torch import layers
from digits_torch.layers.windows import is_symmetric


def conv(layer: Layer, seed: int) -> nn.Module:
    """Torch's own, where padding is the same on opposite sides; of one pixel as a product."""
    op: Any = layer.op
    sizes = (layer.input_shapes[0][0], op.filters, op.kernel)
    fields = {"stride": op.stride, "dilation": op.dilation, "groups": op.groups, "bias": op.bias}
    if _is_pointwise(layer):
        return skip_init(layers.PointwiseConv2d, *sizes, **fields)
    subsamples = overruns(layer)
    if is_symmetric(op.padding) and not subsamples:
        return skip_init(nn.Conv2d, *sizes, padding=op.padding[::2], **fields)
    padded = skip_init(layers.SubsampledConv2d if subsamples else layers.PaddedConv2d, *sizes, **fields)
    padded.sides = op.padding
    return padded


def dense(layer: Layer, seed: int) -> nn.Module:
    """A linear layer; one that sees a picture flattens it."""
    op: Any = layer.op
    (shape,) = layer.input_shapes
    kind = nn.Linear if len(shape) == 1 else layers.PictureLinear
    return skip_init(kind, math.prod(shape), op.units, bias=op.bias)


def _is_pointwise(layer: Layer) -> bool:
    """Whether a convolution is one matrix product over all places."""
    op: Any = layer.op
    return (op.kernel, op.stride, op.padding, op.groups) == ((1, 1), (1, 1), (0, 0, 0, 0), 1)
