"""Functions of each element alone, and softmax."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import lax

from digits_core.graph.graph import Layer
from digits_jax.ops.op import Apply, elementwise


def relu(layer: Layer) -> Apply:
    """JAX's, whose gradient at 0 is 0."""
    return elementwise(jax.nn.relu)


def relu6(layer: Layer) -> Apply:
    """``min(max(x, 0), 6)``; JAX's own has half a gradient at 0 and 6."""
    return elementwise(_relu6)


def tanh(layer: Layer) -> Apply:
    """Hyperbolic tangent."""
    return elementwise(jnp.tanh)


def sigmoid(layer: Layer) -> Apply:
    """``1 / (1 + exp(−x))``."""
    return elementwise(jax.nn.sigmoid)


def silu(layer: Layer) -> Apply:
    """``x·sigmoid(x)``."""
    return elementwise(jax.nn.silu)


def gelu(layer: Layer) -> Apply:
    """``x·Φ(x)``, exactly; by erf, which XLA is faster at than at the erfc of JAX's own."""
    return elementwise(lambda x: x * (0.5 + 0.5 * lax.erf(x * math.sqrt(0.5))))


def hard_sigmoid(layer: Layer) -> Apply:
    """``relu6(x + 3) / 6``."""
    return elementwise(lambda x: _relu6(x + 3) / 6)


def hard_swish(layer: Layer) -> Apply:
    """``x·relu6(x + 3) / 6``."""
    return elementwise(lambda x: x * _relu6(x + 3) / 6)


def softmax(layer: Layer) -> Apply:
    """Over channels or features, which are last."""
    return elementwise(jax.nn.softmax)


def _relu6(x: jax.Array) -> jax.Array:
    return lax.clamp(jnp.zeros((), x.dtype), x, jnp.full((), 6, x.dtype))
