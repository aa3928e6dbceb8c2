"""The networks in ``tf.nn``, NHWC; GoogLeNet gives the logits of its auxiliary classifiers after the main ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import tensorflow as tf

from digits_networks.googlenet import BLOCKS
from digits_networks.resnet import STAGES

Padding = Literal["SAME", "VALID"]


class Conv(tf.Module):
    """A convolution, in groups one by one: TensorFlow has no gradient of grouped ones on CPUs."""

    def __init__(
        self,
        channels: int,
        filters: int,
        kernel: int,
        stride: int = 1,
        padding: Padding = "SAME",
        *,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.kernel = drawn(kernel, kernel, channels // groups, filters)
        self.bias = tf.Variable(tf.zeros(filters)) if bias else None
        self.stride, self.padding, self.groups = stride, padding, groups

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        kernel = tf.cast(self.kernel, x.dtype)
        if self.groups == 1:
            y = tf.nn.conv2d(x, kernel, self.stride, self.padding)
        else:
            pairs = zip(tf.split(x, self.groups, -1), tf.split(kernel, self.groups, -1), strict=True)
            y = tf.concat([tf.nn.conv2d(part, some, self.stride, self.padding) for part, some in pairs], -1)
        return y if self.bias is None else tf.nn.bias_add(y, tf.cast(self.bias, y.dtype))


class Dense(tf.Module):
    """A linear layer of flattened features."""

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.kernel, self.bias = drawn(features, units), tf.Variable(tf.zeros(units))

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        y = tf.reshape(x, [-1, self.kernel.shape[0]]) @ tf.cast(self.kernel, x.dtype)
        return tf.nn.bias_add(y, tf.cast(self.bias, y.dtype))


class Normalised(tf.Module):
    """A convolution and a batch norm with running statistics."""

    def __init__(self, channels: int, filters: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        # Padding as other frameworks have it, where it is not what SAME means.
        self.sides = kernel // 2 if stride > 1 else 0
        self.conv = Conv(channels, filters, kernel, stride, "VALID" if self.sides else "SAME", bias=False)
        self.scale, self.offset = tf.Variable(tf.ones(filters)), tf.Variable(tf.zeros(filters))
        self.mean = tf.Variable(tf.zeros(filters), trainable=False)
        self.variance = tf.Variable(tf.ones(filters), trainable=False)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            self.conv(padded(x, self.sides)),
            self.scale,
            self.offset,
            self.mean,
            self.variance,
            epsilon=1e-5,
            exponential_avg_factor=0.1,
        )
        self.mean.assign(mean)
        self.variance.assign(variance)
        return y


class Lenet(tf.Module):
    """Caffe's LeNet."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = Conv(1, 20, 5, padding="VALID"), Conv(20, 50, 5, padding="VALID")
        self.dense1, self.dense2 = Dense(800, 500), Dense(500, classes)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        x = tf.nn.max_pool2d(self.conv1(x), 2, 2, "VALID")
        x = tf.nn.max_pool2d(self.conv2(x), 2, 2, "VALID")
        return self.dense2(tf.nn.relu(self.dense1(x)))


class Alexnet(tf.Module):
    """Caffe's AlexNet for 227×227."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = Conv(3, 96, 11, 4, "VALID")
        self.conv2 = Conv(96, 256, 5, groups=2)
        self.conv3 = Conv(256, 384, 3)
        self.conv4 = Conv(384, 384, 3, groups=2)
        self.conv5 = Conv(384, 256, 3, groups=2)
        self.dense6, self.dense7, self.dense8 = Dense(9216, 4096), Dense(4096, 4096), Dense(4096, classes)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        x = tf.nn.max_pool2d(lrn(tf.nn.relu(self.conv1(x))), 3, 2, "VALID")
        x = tf.nn.max_pool2d(lrn(tf.nn.relu(self.conv2(x))), 3, 2, "VALID")
        x = tf.nn.relu(self.conv4(tf.nn.relu(self.conv3(x))))
        x = tf.nn.max_pool2d(tf.nn.relu(self.conv5(x)), 3, 2, "VALID")
        x = tf.nn.dropout(tf.nn.relu(self.dense6(x)), 0.5)
        return self.dense8(tf.nn.dropout(tf.nn.relu(self.dense7(x)), 0.5))


class Inception(tf.Module):
    """Four branches side by side."""

    def __init__(self, channels: int, filters: tuple[int, ...]) -> None:
        super().__init__()
        one, three_reduce, three, five_reduce, five, projection = filters
        self.one = Conv(channels, one, 1)
        self.three_reduce, self.three = Conv(channels, three_reduce, 1), Conv(three_reduce, three, 3)
        self.five_reduce, self.five = Conv(channels, five_reduce, 1), Conv(five_reduce, five, 5)
        self.projection = Conv(channels, projection, 1)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        three = self.three(tf.nn.relu(self.three_reduce(x)))
        five = self.five(tf.nn.relu(self.five_reduce(x)))
        pooled = self.projection(tf.nn.max_pool2d(x, 3, 1, "SAME"))
        return tf.concat([tf.nn.relu(branch) for branch in (self.one(x), three, five, pooled)], -1)


class Auxiliary(tf.Module):
    """A classifier beside the path."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.conv, self.dense, self.classifier = Conv(channels, 128, 1), Dense(2048, 1024), Dense(1024, classes)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        x = tf.nn.relu(self.conv(tf.nn.avg_pool2d(x, 5, 3, "VALID")))
        return self.classifier(tf.nn.dropout(tf.nn.relu(self.dense(x)), 0.7))


class Googlenet(tf.Module):
    """Caffe's GoogLeNet for 224×224."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = Conv(3, 64, 7, 2, "VALID")
        self.conv2_reduce, self.conv2 = Conv(64, 64, 1), Conv(64, 192, 3)
        self.blocks, channels = {}, 192
        for name, filters in BLOCKS.items():
            self.blocks[name] = Inception(channels, filters)
            channels = sum(filters[index] for index in (0, 2, 4, 5))
        self.heads = {"4a": Auxiliary(512, classes), "4d": Auxiliary(528, classes)}
        self.classifier = Dense(channels, classes)

    def __call__(self, x: tf.Tensor) -> tuple[tf.Tensor, ...]:
        x = lrn(tf.nn.max_pool2d(tf.nn.relu(self.conv1(padded(x, 3))), 3, 2, "SAME"))
        x = tf.nn.relu(self.conv2(tf.nn.relu(self.conv2_reduce(x))))
        x = tf.nn.max_pool2d(lrn(x), 3, 2, "SAME")
        auxiliary = []
        for name, block in self.blocks.items():
            x = block(x)
            if name in ("3b", "4e"):
                x = tf.nn.max_pool2d(x, 3, 2, "SAME")
            if name in self.heads:
                auxiliary.append(self.heads[name](x))
        return self.classifier(tf.nn.dropout(tf.reduce_mean(x, [1, 2]), 0.4)), *auxiliary


class Bottleneck(tf.Module):
    """``relu(branch(x) + x)``."""

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.first = Normalised(channels, filters, 1)
        self.second = Normalised(filters, filters, 3, stride)
        self.third = Normalised(filters, 4 * filters, 1)
        same = stride == 1 and channels == 4 * filters
        self.shortcut = tf.identity if same else Normalised(channels, 4 * filters, 1, stride)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        branch = self.third(tf.nn.relu(self.second(tf.nn.relu(self.first(x)))))
        return tf.nn.relu(branch + self.shortcut(x))


class Resnet50(tf.Module):
    """ResNet-50, strides in the 3×3 convolutions."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = Normalised(3, 64, 7, 2)
        self.blocks, channels = [], 64
        for stage, count in enumerate(STAGES[50]):
            for number in range(count):
                self.blocks.append(Bottleneck(channels, 64 * 2**stage, 2 if stage and not number else 1))
                channels = 4 * 64 * 2**stage
        self.classifier = Dense(channels, classes)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        # Nothing is less than 0 after a rectifier, so padding with 0 is padding with nothing.
        x = tf.nn.max_pool2d(padded(tf.nn.relu(self.conv1(x)), 1), 3, 2, "VALID")
        for block in self.blocks:
            x = block(x)
        return self.classifier(tf.reduce_mean(x, [1, 2]))


def lrn(x: tf.Tensor) -> tf.Tensor:
    """Local response normalisation over five channels."""
    y = tf.nn.local_response_normalization(tf.cast(x, tf.float32), depth_radius=2, bias=1, alpha=1e-4 / 5, beta=0.75)
    return tf.cast(y, x.dtype)


def padded(x: tf.Tensor, sides: int) -> tf.Tensor:
    """Zeros all around."""
    return tf.pad(x, [[0, 0], [sides, sides], [sides, sides], [0, 0]]) if sides else x


def drawn(*shape: int) -> tf.Variable:
    """A kernel."""
    limit = np.sqrt(3 / np.prod(shape[:-1]))
    return tf.Variable(tf.random.uniform(shape, -limit, limit))


NETWORKS: dict[str, Callable[[int], tf.Module]] = {
    "lenet": Lenet,
    "alexnet": Alexnet,
    "googlenet": Googlenet,
    "resnet-50": Resnet50,
}
