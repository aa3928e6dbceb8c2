"""Functions of each element alone, and softmax."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from digits_core.graph.graph import Layer
from digits_numpy.arrays import Array
from digits_numpy.ops.op import Backward, Forward, Mode, Weights

#: ``x → (y, dy/dx)``
Curve: TypeAlias = Callable[[Array], tuple[Array, Array]]


def relu(layer: Layer) -> Forward:
    """The slope is 1 where x > 0, else 0."""
    return _elementwise(lambda x: (np.maximum(x, 0), x > 0))


def relu6(layer: Layer) -> Forward:
    """The slope is 1 where 0 < x < 6, else 0."""
    return _elementwise(_relu6)


def tanh(layer: Layer) -> Forward:
    """The slope is ``1 − y²``."""

    def curve(x: Array) -> tuple[Array, Array]:
        y = np.tanh(x)
        return y, 1 - y * y

    return _elementwise(curve)


def sigmoid(layer: Layer) -> Forward:
    """The slope is ``y·(1 − y)``."""

    def curve(x: Array) -> tuple[Array, Array]:
        y = _sigmoid(x)
        return y, y * (1 - y)

    return _elementwise(curve)


def silu(layer: Layer) -> Forward:
    """With s the sigmoid, the slope is ``s + x·s·(1 − s)``."""

    def curve(x: Array) -> tuple[Array, Array]:
        s = _sigmoid(x)
        return x * s, s + x * s * (1 - s)

    return _elementwise(curve)


def gelu(layer: Layer) -> Forward:
    """With φ the normal density and Φ its integral, the slope is ``Φ(x) + x·φ(x)``."""

    def curve(x: Array) -> tuple[Array, Array]:
        below = 0.5 * (1 + _erf(x / math.sqrt(2)).astype(x.dtype))
        return x * below, below + x * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)

    return _elementwise(curve)


def hard_sigmoid(layer: Layer) -> Forward:
    """The slope is 1/6 where −3 < x < 3, else 0."""

    def curve(x: Array) -> tuple[Array, Array]:
        y, slope = _relu6(x + 3)
        return y / 6, slope / x.dtype.type(6)

    return _elementwise(curve)


def hard_swish(layer: Layer) -> Forward:
    """With h the hard sigmoid, the slope is ``h + x·h'``."""

    def curve(x: Array) -> tuple[Array, Array]:
        y, slope = _relu6(x + 3)
        return x * y / 6, (y + x * slope) / 6

    return _elementwise(curve)


def softmax(layer: Layer) -> Forward:
    """``dx = y·(dy − Σ dy·y)``."""

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        y = np.exp(log_softmax(inputs[0]))
        return y, lambda dy: ([y * (dy - (dy * y).sum(1, keepdims=True))], {})

    return forward


def log_softmax(x: Array, axis: int = 1) -> Array:
    """Logarithm of softmax along ``axis``, without overflow."""
    shifted = x - x.max(axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))


_erf = np.frompyfunc(math.erf, 1, 1)


def _elementwise(curve: Curve) -> Forward:
    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        y, slope = curve(inputs[0])
        return y, lambda dy: ([dy * slope], {})

    return forward


def _relu6(x: Array) -> tuple[Array, Array]:
    return np.clip(x, 0, 6), (x > 0) & (x < 6)


def _sigmoid(x: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * x))  # equal to 1 / (1 + exp(−x)), and never overflows
