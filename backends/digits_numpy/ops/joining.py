"""What makes one of several branches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digits_core.graph.graph import Layer
from digits_numpy.arrays import Array
from digits_numpy.ops.op import Backward, Forward, Mode, Weights


def concat(layer: Layer) -> Forward:
    """Joined along channels; the gradient is cut at the same places."""
    cuts = np.cumsum([shape[0] for shape in layer.input_shapes])[:-1]

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        return np.concatenate(inputs, axis=1), lambda dy: (np.split(dy, cuts, axis=1), {})

    return forward


def add(layer: Layer) -> Forward:
    """The sum; every input receives the gradient."""

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        return np.sum(inputs, axis=0), lambda dy: ([dy] * len(inputs), {})

    return forward


def multiply(layer: Layer) -> Forward:
    """Each input's gradient is ``dy`` times the other, summed where the second has one value per channel."""
    first, second = layer.input_shapes
    shared = () if first == second else (2, 3)

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x, factor = inputs
        return x * factor, lambda dy: ([dy * factor, (dy * x).sum(shared, keepdims=True)], {})

    return forward
