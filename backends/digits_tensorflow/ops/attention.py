"""What transformers do with tokens, ``[B, N, 1, C]``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from digits_core.graph.graph import Layer
from digits_tensorflow.framework import tf
from digits_tensorflow.ops.op import Pass, summable


def position(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """A sum with what was learned."""
    return tf.cast(summable(inputs[0]) + run.weight(layer, "embedding"), inputs[0].dtype)


def attention(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """``softmax(Q·Kᵀ/√d)·V`` in every head."""
    op: Any = layer.op
    channels, count, _ = layer.output
    depth = channels // op.heads
    apart = tf.reshape(inputs[0], [-1, count, 3, op.heads, depth])
    query, key, value = tf.unstack(tf.transpose(apart, [2, 0, 3, 1, 4]))
    scores = tf.matmul(query * (1 / math.sqrt(depth)), key, transpose_b=True)
    share = tf.cast(tf.nn.softmax(summable(scores)), value.dtype)
    return tf.reshape(tf.transpose(share @ value, [0, 2, 1, 3]), [-1, count, 1, channels])
