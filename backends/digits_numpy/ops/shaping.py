"""What lays the same numbers out in another shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from digits_core.graph.graph import Layer
from digits_numpy.arrays import Array
from digits_numpy.ops.op import Backward, Forward, Mode, Weights


def flatten(layer: Layer) -> Forward:
    """``[B, C, H, W]`` to ``[B, C·H·W]``."""

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = inputs[0]
        return x.reshape(len(x), -1), lambda dy: ([dy.reshape(x.shape)], {})

    return forward


def tokens(layer: Layer) -> Forward:
    """``[B, C, H, W]`` to ``[B, C, N, 1]``; the learned token is the same in every row."""
    op: Any = layer.op

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = inputs[0]
        y = x.reshape(*x.shape[:2], -1, 1)
        if not op.class_token:
            return y, lambda dy: ([dy.reshape(x.shape)], {})
        token = np.broadcast_to(weights["token"][:, None, None], (*x.shape[:2], 1, 1))

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            return [dy[:, :, 1:].reshape(x.shape)], {"token": dy[:, :, 0, 0].sum(0)}

        return np.concatenate([token, y], axis=2), backward

    return forward


def token(layer: Layer) -> Forward:
    """``[B, C, N, 1]`` to ``[B, C]``; the other tokens have no gradient."""
    op: Any = layer.op

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = inputs[0]

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            dx = np.zeros_like(x)
            dx[:, :, op.index, 0] = dy
            return [dx], {}

        return x[:, :, op.index, 0], backward

    return forward
