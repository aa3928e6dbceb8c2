"""Local response normalisation across channels, which are last.

Its gradient is written out: the one that JAX derives takes powers again, and is six times slower on processors.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jax import lax

from digits_jax.windows import taps

#: ``x``, ``t`` and ``t^−beta``.
Residuals: TypeAlias = tuple[jax.Array, jax.Array, jax.Array]

#: The exponent of AlexNet and GoogLeNet.
USUAL_BETA = 0.75


def response_norm(size: int, factor: float, beta: float, k: float) -> Callable[[jax.Array], jax.Array]:
    """The function of ``x`` ``[B, H, W, C]`` that gives ``y = x·t^−beta`` with ``t = k + factor·Σ x²``.

    Its gradient is ``dx = dy·t^−beta − 2·factor·beta·x·Σ (dy·x·t^−beta / t)``.

    Args:
        size: Channels in the sums; odd.
        factor: Weight of the sum of squares.
        beta: The exponent.
        k: Keeps the quotient finite.
    """

    @jax.custom_vjp
    def apply(x: jax.Array) -> jax.Array:
        return forward(x)[0]

    def forward(x: jax.Array) -> tuple[jax.Array, Residuals]:
        t = k + factor * _sum_of_neighbours(x * x, size)
        power = _negative_power(t, beta)
        return x * power, (x, t, power)

    def backward(residuals: Residuals, dy: jax.Array) -> tuple[jax.Array]:
        x, t, power = residuals
        scaled = dy * power
        return (scaled - 2 * factor * beta * x * _sum_of_neighbours(scaled * x / t, size),)

    apply.defvjp(forward, backward)
    return apply


def _sum_of_neighbours(x: jax.Array, size: int) -> jax.Array:
    padded = jnp.pad(x, [(0, 0), (0, 0), (0, 0), (size // 2, size // 2)])
    return reduce(jnp.add, taps(padded, 3, size, 1))


def _negative_power(t: jax.Array, beta: float) -> jax.Array:
    if beta != USUAL_BETA:
        return t**-beta
    root = lax.rsqrt(t)  # roots take a fraction of the time that powers take
    return root * lax.sqrt(root)
