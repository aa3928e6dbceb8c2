"""What summarises windows of a picture, or all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from digits_core.graph.graph import Layer
from digits_numpy.arrays import Array
from digits_numpy.ops.op import Backward, Forward, Mode, Weights
from digits_numpy.windows import crop, pad, taps


def max_pool(layer: Layer) -> Forward:
    """The gradient goes to the first largest element of the window."""
    op: Any = layer.op
    windows = op.windows(layer.input_shapes[0])

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = pad(inputs[0], windows, -np.inf)
        places = list(taps(windows, op.kernel, op.stride))
        patches = np.stack([x[place] for place in places])
        winner = patches.argmax(0)

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            dx = np.zeros_like(x)
            for index, place in enumerate(places):
                dx[place] += dy * (winner == index)
            return [crop(dx, windows, inputs[0])], {}

        return patches.max(0), backward

    return forward


def average_pool(layer: Layer) -> Forward:
    """The divisor of each window is how many countable elements it holds."""
    op: Any = layer.op
    shape = layer.input_shapes[0]
    windows = op.windows(shape)
    places = list(taps(windows, op.kernel, op.stride))
    countable = np.ones((1, 1, *shape[1:]))
    top, bottom, left, right = windows.padding
    countable = np.pad(countable, [(0, 0), (0, 0), (top, bottom), (left, right)], constant_values=op.count_include_pad)
    countable = np.pad(countable, [(0, 0), (0, 0), (0, windows.extra[0]), (0, windows.extra[1])])
    divisor = np.sum([countable[place] for place in places], axis=0)

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = pad(inputs[0], windows, 0)
        share = (1 / divisor).astype(x.dtype)

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            dx = np.zeros_like(x)
            for place in places:
                dx[place] += dy * share
            return [crop(dx, windows, inputs[0])], {}

        return np.sum([x[place] for place in places], axis=0) * share, backward

    return forward


def global_average_pool(layer: Layer) -> Forward:
    """The mean over height and width."""

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = inputs[0]
        area = x.shape[2] * x.shape[3]
        return x.mean((2, 3), keepdims=True), lambda dy: ([np.broadcast_to(dy / area, x.shape)], {})

    return forward
