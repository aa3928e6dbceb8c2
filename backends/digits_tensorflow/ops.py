"""Every operation in the order of `digits_core.graph.ops`, on ``[B, H, W, C]`` or ``[B, F]``.

A builder takes a layer, its inputs and the pass it belongs to, and adds its operations to the function being traced.
Gradients are TensorFlow's own, but for biases: it sums those of half precision in half precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from digits_core.graph import dropout as mask
from digits_core.graph.graph import Layer
from digits_core.graph.shapes import Windows
from digits_tensorflow.framework import tf
from digits_tensorflow.team import Gathering


@dataclass(slots=True)
class Pass:
    """One pass forward.

    Attributes:
        weights: Tensors or variables by canonical name.
        training: Whether dropout drops and batch norm uses the batch.
        seed: Seed of the job.
        step: Steps done so far, an integer tensor.
        first: Row of the global batch that the first picture is, an integer tensor.
        gatherings: Where the batch is that of several processes, how those of a batch norm meet, by layer.
        moved: Running statistics after the pass, by canonical name.
    """

    weights: Mapping[str, tf.Tensor]
    training: bool = False
    seed: int = 0
    step: tf.Tensor | int = 0
    first: tf.Tensor | int = 0
    gatherings: Mapping[str, Gathering] = field(default_factory=dict)
    moved: dict[str, tf.Tensor] = field(default_factory=dict)

    def kernel(self, layer: Layer, like: tf.Tensor) -> tf.Tensor:
        """The layer's kernel in the number format of its input."""
        kernel = self.weights[f"{layer.name}/kernel"]
        return kernel if kernel.dtype == like.dtype else tf.cast(kernel, like.dtype)


Builder: TypeAlias = Callable[[Layer, Sequence[tf.Tensor], Pass], tf.Tensor]


def input(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """Pictures of 0 to 255, centred and scaled."""
    op: Any = layer.op
    centred = inputs[0] - run.weights["input/mean"] if op.mean != "none" else inputs[0]
    return centred * op.scale


def conv(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """A convolution, a depthwise one, or one per group."""
    op: Any = layer.op
    kernel = _dilated(run.kernel(layer, inputs[0]), op.dilation)
    strides, padding = [1, *op.stride, 1], _word_for_padding(layer)
    x = inputs[0] if padding == "SAME" else _padded(inputs[0], op.windows(layer.input_shapes[0]), 0)
    if op.groups == 1:
        y = tf.nn.conv2d(x, kernel, strides, padding)
    elif op.groups == x.shape[-1] and op.stride[0] == op.stride[1]:
        depthwise = tf.reshape(kernel, [*kernel.shape[:2], op.groups, op.filters // op.groups])
        y = tf.nn.depthwise_conv2d(x, depthwise, strides, padding)
    else:  # grouped convolutions have no gradient on CPU devices
        pairs = zip(tf.split(x, op.groups, -1), tf.split(kernel, op.groups, -1), strict=True)
        y = tf.concat([tf.nn.conv2d(part, filters, strides, padding) for part, filters in pairs], -1)
    return _biased(y, run.weights[f"{layer.name}/bias"]) if op.bias else y


def max_pool(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """The gradient goes to the first largest element of the window."""
    op: Any = layer.op
    x = _padded(inputs[0], op.windows(layer.input_shapes[0]), -math.inf)
    return tf.nn.max_pool2d(x, op.kernel, op.stride, "VALID")


def average_pool(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """The mean over whole windows, corrected where a window holds elements that do not count."""
    op: Any = layer.op
    shape, x = layer.input_shapes[0], _summable(inputs[0])
    y = tf.nn.avg_pool2d(_padded(x, op.windows(shape), 0), op.kernel, op.stride, "VALID")
    correction = math.prod(op.kernel) / np.outer(*op.countable(shape))[:, :, None]
    return tf.cast(y if np.all(correction == 1) else y * tf.constant(correction, y.dtype), inputs[0].dtype)


def global_average_pool(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """The mean over height and width."""
    return tf.cast(tf.reduce_mean(_summable(inputs[0]), [1, 2], keepdims=True), inputs[0].dtype)


def dense(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """One matrix product; the kernel's rows lie in the order that pictures have in memory."""
    op: Any = layer.op
    y = tf.reshape(inputs[0], [-1, math.prod(layer.input_shapes[0])]) @ run.kernel(layer, inputs[0])
    return _biased(y, run.weights[f"{layer.name}/bias"]) if op.bias else y


def relu(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """``max(x, 0)``."""
    return tf.nn.relu(inputs[0])


def tanh(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """Hyperbolic tangent."""
    return tf.tanh(inputs[0])


def sigmoid(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """``1 / (1 + exp(−x))``."""
    return tf.sigmoid(inputs[0])


def dropout(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """The mask of `digits_core.graph.dropout`."""
    op: Any = layer.op
    x = inputs[0]
    if not run.training:
        return x
    kept = dropout_mask(run.seed, layer, run.step, tf.shape(x)[0], run.first)
    return x * (tf.cast(kept, x.dtype) * (1 / (1 - op.rate)))


def batch_norm(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """Statistics over batch, height and width; running ones move while training."""
    op: Any = layer.op
    x = inputs[0]
    scale, offset, mean, variance = (
        run.weights[f"{layer.name}/{name}"] for name in ("scale", "offset", "mean", "variance")
    )
    picture = tf.reshape(x, [-1, 1, 1, x.shape[1]]) if x.shape.rank == 2 else x
    if run.training and layer.name in run.gatherings:
        normalise = partial(_joint_norm, run.gatherings[layer.name])
    else:
        normalise = _plain_norm if x.dtype == tf.float64 else _fused_norm
    y, mean, variance = normalise(picture, scale, offset, mean, variance, op, run.training)
    if run.training:
        run.moved[f"{layer.name}/mean"], run.moved[f"{layer.name}/variance"] = mean, variance
    return tf.reshape(y, tf.shape(x))


def lrn(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """``t = k + α/size·Σ x² ; y = x·t^(−β)``; the sum over neighbours is a product with a band of ones."""
    op: Any = layer.op
    x, channels = _summable(inputs[0]), np.arange(layer.output[0])
    band = np.abs(np.subtract.outer(channels, channels)) <= op.size // 2
    t = op.k + op.alpha / op.size * tf.tensordot(x * x, tf.constant(band.astype(x.dtype.as_numpy_dtype)), 1)
    return tf.cast(x * tf.exp(-op.beta * tf.math.log(t)), inputs[0].dtype)


def concat(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """Joined along channels."""
    return tf.concat(inputs, -1)


def add(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """The sum."""
    return tf.add_n(inputs)


def flatten(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """In C, H, W order, so pictures are transposed first."""
    x = tf.transpose(inputs[0], [0, 3, 1, 2]) if inputs[0].shape.rank == 4 else inputs[0]
    return tf.reshape(x, [-1, *layer.output])


def softmax(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """Over channels or features, the last axis here."""
    return tf.cast(tf.nn.softmax(_summable(inputs[0])), inputs[0].dtype)


OPS: dict[str, Builder] = {
    "input": input,
    "conv": conv,
    "max_pool": max_pool,
    "average_pool": average_pool,
    "global_average_pool": global_average_pool,
    "dense": dense,
    "relu": relu,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "dropout": dropout,
    "batch_norm": batch_norm,
    "lrn": lrn,
    "concat": concat,
    "add": add,
    "flatten": flatten,
    "softmax": softmax,
}


def dropout_mask(
    seed: int, layer: Layer, step: tf.Tensor | int, batch: tf.Tensor | int, first: tf.Tensor | int = 0
) -> tf.Tensor:
    """True where an element of the ``batch`` rows from ``first`` on is kept, ``[B, H, W, C]`` or ``[B, F]``.

    Elements are numbered in C, H, W order.
    """
    op: Any = layer.op
    key = tf.constant(mask.mask_key(seed, layer.name), tf.uint32)
    rows = tf.range(first, first + batch)
    row = _mix(_mix(key ^ _mix(tf.cast(step, tf.uint32))) + tf.cast(rows, tf.uint32))
    numbers = np.arange(math.prod(layer.output), dtype=np.uint32).reshape(layer.output)
    element = _mix(tf.constant(numbers.transpose(1, 2, 0) if numbers.ndim == 3 else numbers))
    bits = _mix(tf.reshape(row, [-1, *[1] * numbers.ndim]) ^ element)
    return tf.cast(tf.bitwise.right_shift(bits, _word(8)), tf.int32) >= mask.threshold(op.rate)


def _word(number: int) -> tf.Tensor:
    return tf.constant(number, tf.uint32)


def _mix(x: tf.Tensor) -> tf.Tensor:
    x = (x ^ tf.bitwise.right_shift(x, _word(16))) * _word(mask.MULTIPLIER_1)
    x = (x ^ tf.bitwise.right_shift(x, _word(15))) * _word(mask.MULTIPLIER_2)
    return x ^ tf.bitwise.right_shift(x, _word(16))


def _summable(x: tf.Tensor) -> tf.Tensor:
    """``x`` in a number format that sums and powers can be made in."""
    return tf.cast(x, tf.float32) if x.dtype.size == 2 else x


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
    windows = op.windows(layer.input_shapes[0])
    sides: list[int] = []
    for size, count, stride, kernel, dilation in zip(
        layer.input_shapes[0][1:], windows.output, op.stride, op.kernel, op.dilation, strict=True
    ):
        missing = max(0, (count - 1) * stride + (kernel - 1) * dilation + 1 - size)
        sides += [missing // 2, missing - missing // 2] if count == math.ceil(size / stride) else [-1, -1]
    return "SAME" if tuple(sides) == windows.padding != (0, 0, 0, 0) else "VALID"


def _sides(windows: Windows) -> list[list[int]]:
    """Padding of each axis of ``[B, H, W, C]``, with what ceil mode adds."""
    top, bottom, left, right = windows.padding
    return [[0, 0], [top, bottom + windows.extra[0]], [left, right + windows.extra[1]], [0, 0]]


def _padded(x: tf.Tensor, windows: Windows, value: float) -> tf.Tensor:
    sides = _sides(windows)
    return tf.pad(x, sides, constant_values=value) if np.any(sides) else x


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
