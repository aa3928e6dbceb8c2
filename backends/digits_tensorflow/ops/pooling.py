"""What summarises windows of a picture, or all of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from digits_core.graph.graph import Layer
from digits_tensorflow.framework import tf
from digits_tensorflow.ops.op import Pass, summable
from digits_tensorflow.windows import edged, is_same, padded


def max_pool(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """The gradient goes to the first largest element of the window."""
    op: Any = layer.op
    shape, x = layer.input_shapes[0], inputs[0]
    windows = op.windows(shape)
    if is_same(windows, shape, op.kernel, op.stride):  # the picture is not copied to be padded
        return tf.nn.max_pool2d(x, op.kernel, op.stride, "SAME")
    wide = edged(x, windows) if run.finite else padded(x, windows, -math.inf)
    return tf.nn.max_pool2d(wide, op.kernel, op.stride, "VALID")


def average_pool(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """The mean over whole windows, corrected where a window holds elements that do not count."""
    op: Any = layer.op
    shape, x = layer.input_shapes[0], summable(inputs[0])
    y = tf.nn.avg_pool2d(padded(x, op.windows(shape), 0), op.kernel, op.stride, "VALID")
    correction = math.prod(op.kernel) / np.outer(*op.countable(shape))[:, :, None]
    return tf.cast(y if np.all(correction == 1) else y * tf.constant(correction, y.dtype), inputs[0].dtype)


def global_average_pool(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """The mean over height and width."""
    return tf.cast(tf.reduce_mean(summable(inputs[0]), [1, 2], keepdims=True), inputs[0].dtype)
