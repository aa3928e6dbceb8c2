"""LeNet trained by a TensorFlow loop as an expert writes it by hand: one compiled step, fused optimizer kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import tensorflow as tf

SEED = 0


class Lenet(tf.Module):
    """Caffe's LeNet in NHWC; ``mean`` ``[28, 28, 1]`` is subtracted from the pixels."""

    def __init__(self, mean: npt.NDArray[np.float32]) -> None:
        super().__init__()
        draw = np.random.default_rng(SEED)

        def kernel(*shape: int) -> tf.Variable:
            limit = np.sqrt(3 / np.prod(shape[:-1]))
            return tf.Variable(draw.uniform(-limit, limit, shape).astype(np.float32))

        self.mean = tf.constant(mean)
        self.conv1, self.bias1 = kernel(5, 5, 1, 20), tf.Variable(tf.zeros(20))
        self.conv2, self.bias2 = kernel(5, 5, 20, 50), tf.Variable(tf.zeros(50))
        self.dense1, self.bias3 = kernel(800, 500), tf.Variable(tf.zeros(500))
        self.dense2, self.bias4 = kernel(500, 10), tf.Variable(tf.zeros(10))

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """Logits ``[B, 10]`` of uint8 ``[B, 28, 28, 1]``."""
        x = (tf.cast(images, tf.float32) - self.mean) / 80
        x = tf.nn.bias_add(tf.nn.conv2d(x, self.conv1, 1, "VALID"), self.bias1)
        x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        x = tf.nn.bias_add(tf.nn.conv2d(x, self.conv2, 1, "VALID"), self.bias2)
        x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        x = tf.reshape(x, [-1, 800])
        x = tf.nn.relu(tf.nn.bias_add(x @ self.dense1, self.bias3))
        return tf.nn.bias_add(x @ self.dense2, self.bias4)


def make_runner(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int32],
    batch: int,
    rate: float,
    momentum: float,
    decay: float,
) -> Callable[[int], float]:
    """A function that trains for some steps, waits for the last and returns its loss.

    Args:
        images: uint8 ``[N, 28, 28, 1]``.
        labels: int32 ``[N]``.
        batch: Pictures per step.
        rate: Learning rate.
        momentum: μ of ``v = μ·v + g ; w −= rate·v``.
        decay: L2 weight decay.
    """
    model = Lenet(images.mean(axis=0, dtype=np.float64).astype(np.float32))
    weights = model.trainable_variables
    velocities = [tf.Variable(tf.zeros_like(weight)) for weight in weights]

    @tf.function  # with jit_compile=True it takes twice as long on CPUs
    def train_step(pictures: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, model(pictures))
            loss = tf.reduce_mean(losses)
        for weight, velocity, gradient in zip(weights, velocities, tape.gradient(loss, weights), strict=True):
            tf.raw_ops.ResourceApplyMomentum(
                var=weight.handle,
                accum=velocity.handle,
                lr=rate,
                grad=gradient + decay * weight,
                momentum=momentum,
            )
        return loss

    batches = _batches(len(images), batch)

    def run(steps: int) -> float:
        loss = tf.constant(0.0)
        for _ in range(steps):
            chosen = next(batches)
            loss = train_step(tf.constant(images[chosen]), tf.constant(labels[chosen]))
        return float(loss)

    return run


def _batches(count: int, batch: int) -> Iterator[npt.NDArray[np.int64]]:
    draw = np.random.default_rng(SEED)
    while True:
        order = draw.permutation(count)
        for start in range(0, count - batch + 1, batch):
            yield order[start : start + batch]
