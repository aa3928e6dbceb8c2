"""What brings activations to a common scale."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from digits_core.graph.graph import Layer
from digits_tensorflow.framework import tf
from digits_tensorflow.ops.op import Pass, summable
from digits_tensorflow.team import Gathering


def batch_norm(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """Statistics over batch, height and width; running ones move while training, unless the layer is frozen."""
    op: Any = layer.op
    x, moves = inputs[0], run.training and not layer.frozen
    scale, offset, mean, variance = (run.weight(layer, name) for name in ("scale", "offset", "mean", "variance"))
    picture = tf.reshape(x, [-1, 1, 1, x.shape[1]]) if x.shape.rank == 2 else x
    if moves and layer.name in run.gatherings:
        normalise = partial(_joint_norm, run.gatherings[layer.name])
    else:
        normalise = _plain_norm if x.dtype == tf.float64 else _fused_norm
    y, mean, variance = normalise(picture, scale, offset, mean, variance, op, moves)
    if moves:
        run.moved[f"{layer.name}/mean"], run.moved[f"{layer.name}/variance"] = mean, variance
    return tf.reshape(y, tf.shape(x))


def layer_norm(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """Statistics over channels, the last axis here."""
    op: Any = layer.op
    x = summable(inputs[0])
    centred = x - tf.reduce_mean(x, -1, keepdims=True)
    normal = centred * tf.math.rsqrt(tf.reduce_mean(tf.square(centred), -1, keepdims=True) + op.epsilon)
    return tf.cast(normal * run.weight(layer, "scale") + run.weight(layer, "offset"), inputs[0].dtype)


def lrn(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """``t = k + α/size·Σ x² ; y = x·t^(−β)``; the sum over neighbours is a product with a band of ones."""
    op: Any = layer.op
    x, channels = summable(inputs[0]), np.arange(layer.output[0])
    if not run.training and x.shape.rank == 4 and x.dtype == tf.float32:  # what exports to other systems, as one node
        y = tf.nn.local_response_normalization(x, op.size // 2, op.k, op.alpha / op.size, op.beta)
        return tf.cast(y, inputs[0].dtype)
    band = np.abs(np.subtract.outer(channels, channels)) <= op.size // 2
    t = op.k + op.alpha / op.size * tf.tensordot(x * x, tf.constant(band.astype(x.dtype.as_numpy_dtype)), 1)
    return tf.cast(x * tf.exp(-op.beta * tf.math.log(t)), inputs[0].dtype)


def channel_scale(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """One factor per channel, the last axis here."""
    return tf.cast(summable(inputs[0]) * run.weight(layer, "scale"), inputs[0].dtype)


def _fused_norm(
    x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, op: Any, training: bool
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Normalised pictures and moved statistics; TensorFlow's kernel has statistics in float32 only."""
    y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=scale,
        offset=offset,
        mean=mean,
        variance=variance,
        epsilon=op.epsilon,
        exponential_avg_factor=op.momentum,
        is_training=training,
    )
    return y, mean, variance


def _plain_norm(
    x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, op: Any, training: bool
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The same in any number format."""
    if not training:
        return tf.nn.batch_normalization(x, mean, variance, offset, scale, op.epsilon), mean, variance
    batch_mean, biased = tf.nn.moments(x, [0, 1, 2])
    y = tf.nn.batch_normalization(x, batch_mean, biased, offset, scale, op.epsilon)
    count = tf.cast(tf.reduce_prod(tf.shape(x)[:3]), x.dtype)
    return y, *_moved(mean, variance, batch_mean, biased, count, op.momentum)


def _joint_norm(
    gathering: Gathering,
    x: tf.Tensor,
    scale: tf.Tensor,
    offset: tf.Tensor,
    mean: tf.Tensor,
    variance: tf.Tensor,
    op: Any,
    training: bool,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The same over the batch of all processes, from the count, mean and variance of each.

    Source: Chan, Golub, LeVeque, *Algorithms for Computing the Sample Variance*, 1983.
    """
    exact = tf.cast(x, scale.dtype)
    count = tf.cast(tf.reduce_prod(tf.shape(x)[:3]), scale.dtype)
    own = tf.concat([*tf.nn.moments(exact, [0, 1, 2]), count[None]], 0)
    means, variances, counts = tf.split(gathering(own), [x.shape[3], x.shape[3], 1], 1)
    whole = tf.reduce_sum(counts)
    joint = tf.reduce_sum(counts * means, 0) / whole
    biased = tf.reduce_sum(counts * (variances + tf.square(means - joint)), 0) / whole
    y = tf.cast(tf.nn.batch_normalization(exact, joint, biased, offset, scale, op.epsilon), x.dtype)
    return y, *_moved(mean, variance, joint, biased, whole, op.momentum)


def _moved(
    mean: tf.Tensor, variance: tf.Tensor, batch_mean: tf.Tensor, biased: tf.Tensor, count: tf.Tensor, momentum: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Running statistics after a batch."""
    unbiased, keep = biased * (count / tf.maximum(count - 1, 1)), 1 - momentum
    return keep * mean + momentum * batch_mean, keep * variance + momentum * unbiased
