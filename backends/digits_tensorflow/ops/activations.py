"""Functions of each element alone, and softmax."""

from __future__ import annotations

import math
from collections.abc import Sequence

from digits_core.graph.graph import Layer
from digits_tensorflow.framework import tf
from digits_tensorflow.ops.op import Pass, summable


def relu(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """``max(x, 0)``."""
    return tf.nn.relu(inputs[0])


def relu6(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """``min(max(x, 0), 6)``."""
    return tf.nn.relu6(inputs[0])


def tanh(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """Hyperbolic tangent."""
    return tf.tanh(inputs[0])


def sigmoid(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """``1 / (1 + exp(−x))``."""
    return tf.sigmoid(inputs[0])


def silu(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """``x·sigmoid(x)``."""
    return tf.nn.silu(inputs[0])


def gelu(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """``x·Φ(x)``, exactly; TensorFlow's own divides by a float32 √2, even in float64."""
    x = summable(inputs[0])
    return tf.cast(x * (0.5 + 0.5 * tf.math.erf(x * math.sqrt(0.5))), inputs[0].dtype)


def hard_sigmoid(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """``relu6(x + 3) / 6``."""
    return tf.nn.relu6(inputs[0] + 3) * (1 / 6)


def hard_swish(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """``x·relu6(x + 3) / 6``."""
    return inputs[0] * tf.nn.relu6(inputs[0] + 3) * (1 / 6)


def softmax(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """Over channels or features, the last axis here."""
    return tf.cast(tf.nn.softmax(summable(inputs[0])), inputs[0].dtype)
