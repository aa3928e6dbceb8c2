"""What transformers do with tokens, ``[B, C, N, 1]``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from digits_core.graph.graph import Layer
from digits_numpy.arrays import Array
from digits_numpy.ops.activations import log_softmax
from digits_numpy.ops.op import Backward, Forward, Mode, Weights


def position(layer: Layer) -> Forward:
    """The embedding is the same in every row."""

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        return inputs[0] + weights["embedding"], lambda dy: ([dy], {"embedding": dy.sum(0)})

    return forward


def attention(layer: Layer) -> Forward:
    """``S = QᵀK/√d ; P = softmax(S) ; Y = V·Pᵀ``, with tokens as columns of Q, K, V ``[B, heads, d, N]``."""
    op: Any = layer.op
    depth = layer.output[0] // op.heads
    scale = 1 / math.sqrt(depth)

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = inputs[0]
        parts = x.reshape(len(x), 3, op.heads, depth, -1)
        query, key, value = (parts[:, index] for index in range(3))
        share = np.exp(log_softmax(_turned(query) @ key * scale, axis=-1))
        y = value @ _turned(share)

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            d = dy.reshape(y.shape)
            dshare = _turned(d) @ value
            dscore = share * (dshare - (dshare * share).sum(-1, keepdims=True)) * scale
            gradients = [key @ _turned(dscore), query @ dscore, d @ share]
            return [np.stack(gradients, axis=1).reshape(x.shape)], {}

        return y.reshape(len(x), *layer.output), backward

    return forward


def _turned(x: Array) -> Array:
    return x.swapaxes(-1, -2)
