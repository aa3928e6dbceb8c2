"""Ways to convolve ``[B, H, W, C]`` with ``[kh, kw, C/groups, filters]``.

JAX has one for every device. On processors XLA is slow where a kernel is small or there are groups, most of all in the
gradients; there a convolution is taken apart into what is fast: measured, from 2 to 80 times as fast.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jax import lax

from digits_core.graph.graph import Layer
from digits_jax.depthwise import depthwise
from digits_jax.windows import pad, taps

#: ``(x, kernel, how exact products of fp32 are) → y``
Convolution: TypeAlias = Callable[[jax.Array, jax.Array, lax.Precision], jax.Array]

#: Windows of at most so many elements are unrolled, if they move by at most so many pixels: measured on processors.
UNROLLED_ELEMENTS, UNROLLED_STRIDE = 512, 2


def native(layer: Layer, groups: int | None = None) -> Convolution:
    """JAX's own.

    Args:
        layer: The convolution.
        groups: How many groups; None: as the layer says.
    """
    op: Any = layer.op
    padding = op.windows(layer.input_shapes[0]).padding

    def convolve(x: jax.Array, kernel: jax.Array, precision: lax.Precision) -> jax.Array:
        return lax.conv_general_dilated(
            x,
            kernel,
            window_strides=op.stride,
            padding=(padding[:2], padding[2:]),
            rhs_dilation=op.dilation,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=groups or op.groups,
            precision=precision,
        )

    return convolve


def taken_apart(layer: Layer) -> Convolution:
    """What is fast on processors."""
    op: Any = layer.op
    channels = layer.input_shapes[0][0]
    if op.groups == channels > 1:
        return _channel_by_channel(layer)
    elements = channels // op.groups * math.prod(op.kernel)
    small = max(op.stride) <= UNROLLED_STRIDE and elements <= UNROLLED_ELEMENTS
    convolve = _unrolled(layer) if small or op.kernel == (1, 1) else native(layer, groups=1)
    return convolve if op.groups == 1 else _group_by_group(convolve, op.groups)


def _unrolled(layer: Layer) -> Convolution:
    """One matrix product over all windows."""
    op: Any = layer.op
    windows = op.windows(layer.input_shapes[0])

    def convolve(x: jax.Array, kernel: jax.Array, precision: lax.Precision) -> jax.Array:
        columns = [
            column
            for row in taps(pad(x, windows, 0), 1, op.kernel[0], op.stride[0], op.dilation[0])
            for column in taps(row, 2, op.kernel[1], op.stride[1], op.dilation[1])
        ]
        flat = kernel.reshape(-1, kernel.shape[-1])
        product = jnp.dot(jnp.concatenate(columns, axis=-1).reshape(-1, len(flat)), flat, precision=precision)
        return product.reshape(len(x), *windows.output, -1)

    return convolve


def _group_by_group(convolve: Convolution, groups: int) -> Convolution:
    def convolve_all(x: jax.Array, kernel: jax.Array, precision: lax.Precision) -> jax.Array:
        pairs = zip(jnp.split(x, groups, -1), jnp.split(kernel, groups, -1), strict=True)
        return jnp.concatenate([convolve(part, filters, precision) for part, filters in pairs], axis=-1)

    return convolve_all


def _channel_by_channel(layer: Layer) -> Convolution:
    op: Any = layer.op
    apply = depthwise(op.windows(layer.input_shapes[0]), op.stride, op.dilation)

    def convolve(x: jax.Array, kernel: jax.Array, precision: lax.Precision) -> jax.Array:
        return apply(jnp.repeat(x, op.filters // op.groups, axis=-1), kernel[:, :, 0])

    return convolve
