"""What brings activations to a common scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from digits_core.graph.graph import Layer
from digits_numpy.arrays import Array
from digits_numpy.ops.op import Backward, Forward, Mode, Weights


def batch_norm(layer: Layer) -> Forward:
    """Statistics over batch, height and width; running ones move while training, unless the layer is frozen."""
    op: Any = layer.op

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x, moves = inputs[0], mode.training and not layer.frozen
        axes = (0, *range(2, x.ndim))
        count = x.size // x.shape[1]

        mean, variance = weights["mean"], weights["variance"]
        if moves:
            mean, variance = x.mean(axes), x.var(axes)
            unbiased = variance * (count / max(count - 1, 1))
            for name, batch in (("mean", mean), ("variance", unbiased)):
                moved = (1 - op.momentum) * weights[name] + op.momentum * batch
                mode.moved[f"{layer.name}/{name}"] = moved.astype(x.dtype)
        inverse = _column(1 / np.sqrt(variance + op.epsilon), x)
        normal = (x - _column(mean, x)) * inverse

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            dscale, doffset = (dy * normal).sum(axes), dy.sum(axes)
            dx = dy - (_column(doffset, x) + normal * _column(dscale, x)) / count if moves else dy
            gradients = {"scale": dscale, "offset": doffset}
            return [dx * inverse * _column(weights["scale"], x)], gradients

        return normal * _column(weights["scale"], x) + _column(weights["offset"], x), backward

    return forward


def layer_norm(layer: Layer) -> Forward:
    """Statistics over channels; with n the normal ones and d = scale·dy, ``dx = (d − mean(d) − n·mean(d·n))/σ``."""
    op: Any = layer.op

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x, scale = inputs[0], _column(weights["scale"], inputs[0])
        inverse = 1 / np.sqrt(x.var(1, keepdims=True) + op.epsilon)
        normal = (x - x.mean(1, keepdims=True)) * inverse

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            d = dy * scale
            dx = d - d.mean(1, keepdims=True) - normal * (d * normal).mean(1, keepdims=True)
            return [dx * inverse], {"scale": _per_channel(dy * normal), "offset": _per_channel(dy)}

        return normal * scale + _column(weights["offset"], x), backward

    return forward


def lrn(layer: Layer) -> Forward:
    """``t = k + α/size·Σ x² ; y = x·t^(−β)``."""
    op: Any = layer.op
    factor = op.alpha / op.size

    def neighbours(x: Array) -> Array:
        half = op.size // 2
        padded = np.pad(x, [(0, 0), (half, half), (0, 0), (0, 0)])
        return np.sum([padded[:, shift : shift + x.shape[1]] for shift in range(op.size)], axis=0)

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x = inputs[0]
        t = op.k + factor * neighbours(x * x)

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            shared = neighbours(dy * x * t ** (-op.beta - 1))
            return [dy * t**-op.beta - 2 * factor * op.beta * x * shared], {}

        return x * t**-op.beta, backward

    return forward


def channel_scale(layer: Layer) -> Forward:
    """``dx = dy·scale``, and the scale's gradient is ``Σ dy·x``."""

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        x, scale = inputs[0], _column(weights["scale"], inputs[0])
        return x * scale, lambda dy: ([dy * scale], {"scale": _per_channel(dy * x)})

    return forward


def _column(vector: Array, x: Array) -> Array:
    """One value per channel, to meet ``x``."""
    return vector.reshape(1, -1, *[1] * (x.ndim - 2))


def _per_channel(x: Array) -> Array:
    """Sums over everything but channels."""
    return x.sum((0, *range(2, x.ndim)))
