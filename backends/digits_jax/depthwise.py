"""Depthwise convolution as sums of shifted products: on processors XLA's own is ten to forty times slower."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jax import lax

from digits_core.graph.shapes import Windows
from digits_jax.windows import taps

Pair: TypeAlias = tuple[int, int]


def depthwise(windows: Windows, stride: Pair, dilation: Pair) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """The function ``(x [B, H, W, C], kernel [kh, kw, C]) → y [B, h, w, C]``: every channel has its own window.

    Sums are in fp32 at least. The gradient of ``x`` is a correlation as well, with the kernel turned round; that of the
    kernel is taken row by row, so that large kernels compile quickly.
    """
    top, bottom, left, right = windows.padding

    @jax.custom_vjp
    def apply(x: jax.Array, kernel: jax.Array) -> jax.Array:
        padded = _padded(x, (top, bottom, 0), (left, right, 0))
        return _correlated(padded, kernel, stride, dilation)

    def forward(x: jax.Array, kernel: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        return apply(x, kernel), (x, kernel)

    def backward(residuals: tuple[jax.Array, jax.Array], dy: jax.Array) -> tuple[jax.Array, jax.Array]:
        x, kernel = residuals
        sides = [
            _turned_sides(x.shape[axis], dy.shape[axis], kernel.shape[axis - 1], before, s, d)
            for axis, before, s, d in zip((1, 2), (top, left), stride, dilation, strict=True)
        ]
        dx = _correlated(_padded(dy, *sides), kernel[::-1, ::-1], (1, 1), dilation)
        padded = _padded(x, (top, bottom, 0), (left, right, 0))
        return dx, _kernel_gradient(padded, dy, kernel, stride, dilation)

    apply.defvjp(forward, backward)
    return apply


def _correlated(x: jax.Array, kernel: jax.Array, stride: Pair, dilation: Pair) -> jax.Array:
    wide, kernel = _widened(x), _widened(kernel)
    terms = [
        column * kernel[i, j]
        for i, row in enumerate(taps(wide, 1, kernel.shape[0], stride[0], dilation[0]))
        for j, column in enumerate(taps(row, 2, kernel.shape[1], stride[1], dilation[1]))
    ]
    return reduce(jnp.add, terms).astype(x.dtype)


def _kernel_gradient(x: jax.Array, dy: jax.Array, kernel: jax.Array, stride: Pair, dilation: Pair) -> jax.Array:
    wide, gradient = _widened(x), _widened(dy)
    extent = (dy.shape[1] - 1) * stride[0] + 1

    def of_row(start: jax.Array) -> jax.Array:
        row = lax.dynamic_slice_in_dim(wide, start, extent, axis=1)[:, :: stride[0]]
        columns = taps(row, 2, kernel.shape[1], stride[1], dilation[1])
        return jnp.stack([(column * gradient).sum((0, 1, 2)) for column in columns])

    return lax.map(of_row, jnp.arange(kernel.shape[0]) * dilation[0]).astype(kernel.dtype)


def _turned_sides(size: int, count: int, kernel: int, before: int, stride: int, dilation: int) -> tuple[int, int, int]:
    """Padding at begin, end and between elements of ``dy`` under which windows of stride 1 lie over ``x``."""
    reach = dilation * (kernel - 1)
    spread = (count - 1) * stride + 1
    return reach - before, size + before - spread, stride - 1


def _padded(x: jax.Array, rows: tuple[int, int, int], columns: tuple[int, int, int]) -> jax.Array:
    return lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), rows, columns, (0, 0, 0)])


def _widened(x: jax.Array) -> jax.Array:
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))
