"""Sums of products."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from digits_core.contracts.onednn import overruns
from digits_core.graph.graph import Layer
from digits_tensorflow.framework import tf
from digits_tensorflow.ops.op import Pass
from digits_tensorflow.windows import is_same, padded


def conv(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """A convolution, a depthwise one, or one per group."""
    op: Any = layer.op
    kernel = _dilated(run.kernel(layer, inputs[0]), op.dilation)
    stride, padding = op.stride, _word_for_padding(layer)
    x = inputs[0] if padding == "SAME" else padded(inputs[0], op.windows(layer.input_shapes[0]), 0)
    if overruns(layer):
        x, stride = x[:, :: stride[0], :: stride[1]], (1, 1)
    if op.groups == 1:
        y = tf.nn.conv2d(x, kernel, stride, padding)
    elif op.groups == x.shape[-1]:
        y = _depthwise(x, kernel, stride, padding)
    else:  # grouped convolutions have no gradient on CPU devices
        pairs = zip(tf.split(x, op.groups, -1), tf.split(kernel, op.groups, -1), strict=True)
        y = tf.concat([tf.nn.conv2d(part, filters, stride, padding) for part, filters in pairs], -1)
    return _biased(y, run.weight(layer, "bias")) if op.bias else y


def dense(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """One matrix product; the kernel's rows lie in the order that pictures have in memory."""
    op: Any = layer.op
    y = tf.reshape(inputs[0], [-1, math.prod(layer.input_shapes[0])]) @ run.kernel(layer, inputs[0])
    return _biased(y, run.weight(layer, "bias")) if op.bias else y


def _depthwise(x: tf.Tensor, kernel: tf.Tensor, stride: tuple[int, int], padding: str) -> tf.Tensor:
    """TensorFlow's own, which moves equally far down and right; otherwise windows in between are left out."""
    channels = x.shape[-1]
    filters = tf.reshape(kernel, [*kernel.shape[:2], channels, kernel.shape[-1] // channels])
    down, right = stride
    if down == right:
        return tf.nn.depthwise_conv2d(x, filters, [1, down, right, 1], padding)
    return tf.nn.depthwise_conv2d(x, filters, [1, 1, 1, 1], padding)[:, ::down, ::right]


def _biased(y: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """``y + bias``."""
    if y.dtype == bias.dtype:
        return tf.nn.bias_add(y, bias)

    @tf.custom_gradient
    def biased(y: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, Any]:
        def gradients(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return dy, tf.reduce_sum(tf.cast(dy, bias.dtype), list(range(dy.shape.rank - 1)))

        return tf.nn.bias_add(y, tf.cast(bias, y.dtype)), gradients

    return biased(y, tf.convert_to_tensor(bias))


def _dilated(kernel: tf.Tensor, dilation: tuple[int, int]) -> tf.Tensor:
    """``kernel`` with zeros between its elements: dilated convolutions have no gradient on CPU devices."""
    if dilation == (1, 1):
        return kernel
    height, width, *channels = kernel.shape
    down, right = dilation
    apart = tf.reshape(kernel, [height, 1, width, 1, *channels])
    spread = tf.pad(apart, [[0, 0], [0, down - 1], [0, 0], [0, right - 1], [0, 0], [0, 0]])
    whole = tf.reshape(spread, [height * down, width * right, *channels])
    return whole[: (height - 1) * down + 1, : (width - 1) * right + 1]


def _word_for_padding(layer: Layer) -> str:
    """``SAME`` where it means what the layer says: with explicit padding the fast kernels of oneDNN are not used."""
    op: Any = layer.op
    if op.groups > 1 and op.stride[0] != op.stride[1]:
        return "VALID"  # a depthwise convolution leaves windows out afterwards
    kernel = (op.dilation[0] * (op.kernel[0] - 1) + 1, op.dilation[1] * (op.kernel[1] - 1) + 1)
    shape = layer.input_shapes[0]
    return "SAME" if is_same(op.windows(shape), shape, kernel, op.stride) else "VALID"
