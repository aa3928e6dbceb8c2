"""What lays the same numbers out in another shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from digits_core.graph.graph import Layer
from digits_tensorflow.framework import tf
from digits_tensorflow.ops.op import Pass


def flatten(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """In C, H, W order, so pictures are transposed first."""
    x = tf.transpose(inputs[0], [0, 3, 1, 2]) if inputs[0].shape.rank == 4 else inputs[0]
    return tf.reshape(x, [-1, *layer.output])


def tokens(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """``[B, H, W, C]`` to ``[B, N, 1, C]``."""
    op: Any = layer.op
    channels, count, _ = layer.output
    sequence = tf.reshape(inputs[0], [-1, count - op.class_token, 1, channels])
    if not op.class_token:
        return sequence
    token = tf.broadcast_to(run.weight(layer, "token"), [tf.shape(sequence)[0], 1, 1, channels])
    return tf.concat([tf.cast(token, sequence.dtype), sequence], 1)


def token(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """``[B, N, 1, C]`` to ``[B, C]``."""
    op: Any = layer.op
    return inputs[0][:, op.index, 0]
