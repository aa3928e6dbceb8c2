"""A TensorFlow loop as an expert writes it by hand: one ``tf.function``, fused optimizer kernels."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from benchmarks.handwritten.runner import AUXILIARY, SPREAD, Labels, Pixels, Precision, Runner, shuffled
from benchmarks.handwritten.tensorflow_networks import NETWORKS
from digits_core.spec.solver import Sgd


def make_runner(
    network: str, images: Pixels, labels: Labels, classes: int, batch: int, solver: Sgd, precision: Precision = "fp32"
) -> Runner:
    """Train a network from random weights.

    Args:
        network: Its name.
        images: uint8 ``[N, H, W, C]``.
        labels: int32 ``[N]``.
        classes: How many there are.
        batch: Pictures per step.
        solver: Rate, momentum and decay.
        precision: Number format of activations; weights are fp32.
    """
    model = NETWORKS[network](classes)
    mean = tf.constant(images.mean(axis=0, dtype=np.float64).astype(np.float32))
    dtype = tf.bfloat16 if precision == "bf16" else tf.float32
    weights = model.trainable_variables
    velocities = [tf.Variable(tf.zeros_like(weight)) for weight in weights]

    @tf.function  # with jit_compile=True it takes twice as long on CPUs
    def train_step(pictures: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_of(model(tf.cast((tf.cast(pictures, tf.float32) - mean) / SPREAD, dtype)), targets)
        for weight, velocity, gradient in zip(weights, velocities, tape.gradient(loss, weights), strict=True):
            tf.raw_ops.ResourceApplyMomentum(
                var=weight.handle,
                accum=velocity.handle,
                lr=solver.rate,
                grad=gradient + solver.weight_decay * weight,
                momentum=solver.momentum,
            )
        return loss

    batches = shuffled(len(images), batch)

    def steps(count: int) -> float:
        loss = tf.constant(0.0)
        for _ in range(count):
            chosen = next(batches)
            loss = train_step(tf.constant(images[chosen]), tf.constant(labels[chosen]))
        return float(loss)

    return Runner(steps, sum(weight.shape.num_elements() for weight in weights))


def loss_of(logits: tf.Tensor | tuple[tf.Tensor, ...], targets: tf.Tensor) -> tf.Tensor:
    """Cross entropy, that of auxiliary classifiers in part."""
    main, *auxiliary = logits if isinstance(logits, tuple) else (logits,)
    return cross_entropy(main, targets) + sum(AUXILIARY * cross_entropy(one, targets) for one in auxiliary)


def cross_entropy(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Its mean over the batch."""
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, tf.cast(logits, tf.float32)))
