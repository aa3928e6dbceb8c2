"""What makes one of several branches."""

from __future__ import annotations

from collections.abc import Sequence

from digits_core.graph.graph import Layer
from digits_tensorflow.framework import tf
from digits_tensorflow.ops.op import Pass


def concat(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """Joined along channels."""
    return tf.concat(inputs, -1)


def add(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """The sum."""
    return tf.add_n(inputs)


def multiply(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """The product of both inputs."""
    return inputs[0] * inputs[1]
