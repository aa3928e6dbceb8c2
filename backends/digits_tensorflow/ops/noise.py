"""What leaves something out while training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from digits_core.graph import dropout as mask
from digits_core.graph.graph import Layer
from digits_core.graph.shapes import Shape
from digits_tensorflow.framework import tf
from digits_tensorflow.ops.op import Pass


def dropout(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """The mask of `digits_core.graph.dropout`."""
    return _masked(layer, inputs[0], run, layer.output)


def stochastic_depth(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """The same mask with one element for the whole row."""
    return _masked(layer, inputs[0], run, (1,) * len(layer.output))


def _masked(layer: Layer, x: tf.Tensor, run: Pass, shape: Shape) -> tf.Tensor:
    op: Any = layer.op
    if not run.training:
        return x
    rows = tf.range(run.first, run.first + tf.shape(x)[0])
    kept = dropout_mask(mask.mask_key(run.seed, layer.name), op.rate, run.step, rows, shape)
    return x * (tf.cast(kept, x.dtype) * (1 / (1 - op.rate)))


def dropout_mask(key: int, rate: float, step: tf.Tensor | int, rows: tf.Tensor, shape: Shape) -> tf.Tensor:
    """True where an element is kept, ``[B, H, W, C]`` or ``[B, F]``, for a layer of canonical ``shape``."""
    row = _mix(_mix(tf.constant(key, tf.uint32) ^ _mix(tf.cast(step, tf.uint32))) + tf.cast(rows, tf.uint32))
    numbers = np.moveaxis(np.arange(math.prod(shape), dtype=np.uint32).reshape(shape), 0, -1)
    bits = _mix(tf.reshape(row, [-1, *[1] * len(shape)]) ^ _mix(tf.constant(numbers)))
    return tf.cast(tf.bitwise.right_shift(bits, _word(8)), tf.int32) >= mask.threshold(rate)


def _mix(x: tf.Tensor) -> tf.Tensor:
    x = (x ^ tf.bitwise.right_shift(x, _word(16))) * _word(mask.MULTIPLIER_1)
    x = (x ^ tf.bitwise.right_shift(x, _word(15))) * _word(mask.MULTIPLIER_2)
    return x ^ tf.bitwise.right_shift(x, _word(16))


def _word(number: int) -> tf.Tensor:
    return tf.constant(number, tf.uint32)
