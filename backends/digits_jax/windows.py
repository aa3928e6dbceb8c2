"""Sliding windows as strided slices: on processors XLA's own windowed reductions and their gradients are far slower.

A window of two dimensions is a window along columns and then one along rows.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from digits_core.graph.shapes import Windows


def pad(x: jax.Array, windows: Windows, value: float) -> jax.Array:
    """``x`` ``[B, H, W, C]`` with the padding that was asked for and the rows and columns that ceil mode needs."""
    top, bottom, left, right = windows.padding
    sides = [(0, 0), (top, bottom + windows.extra[0]), (left, right + windows.extra[1]), (0, 0)]
    return jnp.pad(x, sides, constant_values=value)


def taps(x: jax.Array, axis: int, kernel: int, stride: int, dilation: int = 1) -> list[jax.Array]:
    """For each element of a window, what all windows along ``axis`` see there."""
    count = _count(x.shape[axis], kernel, stride, dilation)
    starts = [tap * dilation for tap in range(kernel)]
    return [lax.slice_in_dim(x, start, start + (count - 1) * stride + 1, stride, axis) for start in starts]


def max_along(axis: int, kernel: int, stride: int) -> Callable[[jax.Array], jax.Array]:
    """The function that takes the largest element of each window along ``axis``; the first one gets the gradient."""

    @jax.custom_vjp
    def largest(x: jax.Array) -> jax.Array:
        return forward(x)[0]

    def forward(x: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        best, *others = taps(x, axis, kernel, stride)
        winner = jnp.zeros(best.shape, jnp.int16)
        for tap, value in enumerate(others, start=1):
            winner = jnp.where(value > best, jnp.int16(tap), winner)
            best = jnp.maximum(best, value)
        # The second residual carries a shape only; it has no elements.
        return best, (winner, jnp.zeros((*x.shape, 0)))

    def backward(residuals: tuple[jax.Array, jax.Array], gradient: jax.Array) -> tuple[jax.Array]:
        winner, like = residuals
        scatter = _scatter_apart if stride == kernel else _scatter_overlapping
        return (scatter(winner, gradient, axis, kernel, stride, like.shape[axis]),)

    largest.defvjp(forward, backward)
    return largest


def _count(size: int, kernel: int, stride: int, dilation: int = 1) -> int:
    return (size - dilation * (kernel - 1) - 1) // stride + 1


def _scatter_apart(winner: jax.Array, gradient: jax.Array, axis: int, kernel: int, stride: int, size: int) -> jax.Array:
    """Windows that touch but do not overlap: every element belongs to one, so it can ask whether it won."""
    place = jnp.arange(kernel, dtype=winner.dtype).reshape(kernel, *[1] * (gradient.ndim - 1 - axis))
    won = jnp.expand_dims(winner, axis + 1) == place
    spread = jnp.where(won, jnp.expand_dims(gradient, axis + 1), 0)
    covered = gradient.shape[axis] * kernel
    shape = (*gradient.shape[:axis], covered, *gradient.shape[axis + 1 :])
    return _pad_along(spread.reshape(shape), axis, 0, size - covered, 0)


def _scatter_overlapping(
    winner: jax.Array, gradient: jax.Array, axis: int, kernel: int, stride: int, size: int
) -> jax.Array:
    """Windows in general: each place in the window gives its share to where it lies."""
    room = size - (gradient.shape[axis] - 1) * stride - 1
    shares = (
        _pad_along(jnp.where(winner == tap, gradient, 0), axis, tap, room - tap, stride - 1) for tap in range(kernel)
    )
    return sum(shares, start=jnp.zeros((), gradient.dtype))


def _pad_along(x: jax.Array, axis: int, before: int, after: int, between: int) -> jax.Array:
    sides = [(0, 0, 0)] * x.ndim
    sides[axis] = (before, after, between)
    return lax.pad(x, jnp.zeros((), x.dtype), sides)
