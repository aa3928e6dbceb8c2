"""What leaves something out while training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from digits_core.graph import dropout as mask
from digits_core.graph.graph import Layer
from digits_core.graph.shapes import Shape
from digits_numpy.arrays import Array
from digits_numpy.ops.op import Backward, Forward, Mode, Weights


def dropout(layer: Layer) -> Forward:
    """The mask of `digits_core.graph.dropout`."""
    return _masked(layer, layer.output)


def stochastic_depth(layer: Layer) -> Forward:
    """The same mask with one element for the whole row."""
    return _masked(layer, (1,) * len(layer.output))


def _masked(layer: Layer, shape: Shape) -> Forward:
    op: Any = layer.op

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = inputs[0]
        if not mode.training:
            return x, lambda dy: ([dy], {})
        kept = dropout_mask(mode.seed, layer.name, op.rate, mode.step, (len(x), *shape), mode.first)
        factor = kept * x.dtype.type(1 / (1 - op.rate))
        return x * factor, lambda dy: ([dy * factor], {})

    return forward


def dropout_mask(seed: int, layer: str, rate: float, step: int, shape: tuple[int, ...], first: int = 0) -> Array:
    """True where an element is kept; ``shape`` is ``[B, C, H, W]`` or ``[B, F]`` of rows from ``first`` on."""
    key = np.uint32(mask.mask_key(seed, layer))
    rows = np.arange(first, first + shape[0], dtype=np.uint32)
    row = _mix(_mix(key ^ _mix(np.array([step], np.uint32))) + rows)
    element = _mix(np.arange(math.prod(shape[1:]), dtype=np.uint32))
    bits = _mix(row[:, None] ^ element[None, :])
    return ((bits >> 8) >= mask.threshold(rate)).reshape(shape)


def _mix(x: Array) -> Array:
    x = x ^ (x >> 16)
    x = x * np.uint32(mask.MULTIPLIER_1)
    x = x ^ (x >> 15)
    x = x * np.uint32(mask.MULTIPLIER_2)
    return x ^ (x >> 16)
