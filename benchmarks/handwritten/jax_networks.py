"""The networks in Flax nnx; GoogLeNet gives the logits of its auxiliary classifiers after the main ones."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from digits_networks.googlenet import BLOCKS
from digits_networks.resnet import STAGES


class Lenet(nnx.Module):
    """Caffe's LeNet."""

    def __init__(self, classes: int, rngs: nnx.Rngs) -> None:
        self.conv1 = nnx.Conv(1, 20, (5, 5), padding="VALID", rngs=rngs)
        self.conv2 = nnx.Conv(20, 50, (5, 5), padding="VALID", rngs=rngs)
        self.fc1 = nnx.Linear(800, 500, rngs=rngs)
        self.fc2 = nnx.Linear(500, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = nnx.max_pool(self.conv1(x), (2, 2), (2, 2))
        x = nnx.max_pool(self.conv2(x), (2, 2), (2, 2))
        return self.fc2(nnx.relu(self.fc1(flat(x))))


class Alexnet(nnx.Module):
    """Caffe's AlexNet for 227×227."""

    def __init__(self, classes: int, rngs: nnx.Rngs) -> None:
        self.conv1 = nnx.Conv(3, 96, (11, 11), (4, 4), padding="VALID", rngs=rngs)
        self.conv2 = nnx.Conv(96, 256, (5, 5), feature_group_count=2, rngs=rngs)
        self.conv3 = nnx.Conv(256, 384, (3, 3), rngs=rngs)
        self.conv4 = nnx.Conv(384, 384, (3, 3), feature_group_count=2, rngs=rngs)
        self.conv5 = nnx.Conv(384, 256, (3, 3), feature_group_count=2, rngs=rngs)
        self.fc6 = nnx.Linear(9216, 4096, rngs=rngs)
        self.fc7 = nnx.Linear(4096, 4096, rngs=rngs)
        self.fc8 = nnx.Linear(4096, classes, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = nnx.max_pool(lrn(nnx.relu(self.conv1(x))), (3, 3), (2, 2))
        x = nnx.max_pool(lrn(nnx.relu(self.conv2(x))), (3, 3), (2, 2))
        x = nnx.relu(self.conv4(nnx.relu(self.conv3(x))))
        x = nnx.max_pool(nnx.relu(self.conv5(x)), (3, 3), (2, 2))
        x = self.dropout(nnx.relu(self.fc6(flat(x))))
        return self.fc8(self.dropout(nnx.relu(self.fc7(x))))


class Convolved(nnx.Module):
    """A convolution that keeps the size but for its stride, and a rectifier."""

    def __init__(self, channels: int, filters: int, kernel: int, rngs: nnx.Rngs, stride: int = 1) -> None:
        sides = (kernel // 2, kernel // 2)
        self.conv = nnx.Conv(channels, filters, (kernel, kernel), (stride, stride), padding=(sides, sides), rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return nnx.relu(self.conv(x))


class Inception(nnx.Module):
    """Four branches side by side."""

    def __init__(self, channels: int, filters: tuple[int, ...], rngs: nnx.Rngs) -> None:
        one, three_reduce, three, five_reduce, five, projection = filters
        self.one = Convolved(channels, one, 1, rngs)
        self.three_reduce = Convolved(channels, three_reduce, 1, rngs)
        self.three = Convolved(three_reduce, three, 3, rngs)
        self.five_reduce = Convolved(channels, five_reduce, 1, rngs)
        self.five = Convolved(five_reduce, five, 5, rngs)
        self.projection = Convolved(channels, projection, 1, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        three, five = self.three(self.three_reduce(x)), self.five(self.five_reduce(x))
        pooled = self.projection(nnx.max_pool(x, (3, 3), (1, 1), padding="SAME"))
        return jnp.concatenate((self.one(x), three, five, pooled), axis=-1)


class Auxiliary(nnx.Module):
    """A classifier beside the path."""

    def __init__(self, channels: int, classes: int, rngs: nnx.Rngs) -> None:
        self.conv = Convolved(channels, 128, 1, rngs)
        self.fc = nnx.Linear(2048, 1024, rngs=rngs)
        self.dropout = nnx.Dropout(0.7, rngs=rngs)
        self.classifier = nnx.Linear(1024, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.conv(nnx.avg_pool(x, (5, 5), (3, 3)))
        return self.classifier(self.dropout(nnx.relu(self.fc(flat(x)))))


class Googlenet(nnx.Module):
    """Caffe's GoogLeNet for 224×224."""

    def __init__(self, classes: int, rngs: nnx.Rngs) -> None:
        self.conv1 = Convolved(3, 64, 7, rngs, stride=2)
        self.conv2_reduce = Convolved(64, 64, 1, rngs)
        self.conv2 = Convolved(64, 192, 3, rngs)
        blocks, channels = {}, 192
        for name, filters in BLOCKS.items():
            blocks[name] = Inception(channels, filters, rngs)
            channels = sum(filters[index] for index in (0, 2, 4, 5))
        self.blocks = nnx.Dict(blocks)
        self.heads = nnx.Dict({"4a": Auxiliary(512, classes, rngs), "4d": Auxiliary(528, classes, rngs)})
        self.dropout = nnx.Dropout(0.4, rngs=rngs)
        self.classifier = nnx.Linear(channels, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> tuple[jax.Array, ...]:
        x = lrn(halved(self.conv1(x)))
        x = halved(lrn(self.conv2(self.conv2_reduce(x))))
        auxiliary = []
        for name, block in self.blocks.items():
            x = block(x)
            if name in ("3b", "4e"):
                x = halved(x)
            if name in self.heads:
                auxiliary.append(self.heads[name](x))
        return self.classifier(self.dropout(x.mean((1, 2)))), *auxiliary


class Normalised(nnx.Module):
    """A convolution and a batch norm."""

    def __init__(self, channels: int, filters: int, kernel: int, rngs: nnx.Rngs, stride: int = 1) -> None:
        sides = (kernel // 2, kernel // 2)
        self.conv = nnx.Conv(
            channels,
            filters,
            (kernel, kernel),
            (stride, stride),
            padding=(sides, sides),
            use_bias=False,
            rngs=rngs,
        )
        self.norm = nnx.BatchNorm(filters, momentum=0.9, epsilon=1e-5, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        # Statistics are fp32, and what they meet becomes it.
        return self.norm(self.conv(x)).astype(x.dtype)


class Bottleneck(nnx.Module):
    """``relu(branch(x) + x)``."""

    def __init__(self, channels: int, filters: int, stride: int, rngs: nnx.Rngs) -> None:
        self.first = Normalised(channels, filters, 1, rngs)
        self.second = Normalised(filters, filters, 3, rngs, stride)
        self.third = Normalised(filters, 4 * filters, 1, rngs)
        self.projects = stride != 1 or channels != 4 * filters
        if self.projects:
            self.shortcut = Normalised(channels, 4 * filters, 1, rngs, stride)

    def __call__(self, x: jax.Array) -> jax.Array:
        branch = self.third(nnx.relu(self.second(nnx.relu(self.first(x)))))
        return nnx.relu(branch + (self.shortcut(x) if self.projects else x))


class Resnet50(nnx.Module):
    """ResNet-50, strides in the 3×3 convolutions."""

    def __init__(self, classes: int, rngs: nnx.Rngs) -> None:
        self.conv1 = Normalised(3, 64, 7, rngs, stride=2)
        blocks, channels = [], 64
        for stage, count in enumerate(STAGES[50]):
            for number in range(count):
                blocks.append(Bottleneck(channels, 64 * 2**stage, 2 if stage and not number else 1, rngs))
                channels = 4 * 64 * 2**stage
        self.blocks = nnx.List(blocks)
        self.classifier = nnx.Linear(channels, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = nnx.max_pool(nnx.relu(self.conv1(x)), (3, 3), (2, 2), padding=((1, 1), (1, 1)))
        for block in self.blocks:
            x = block(x)
        return self.classifier(x.mean((1, 2)))


def lrn(x: jax.Array) -> jax.Array:
    """Local response normalisation over five channels."""
    total = lax.reduce_window(x * x, 0.0, lax.add, (1, 1, 1, 5), (1, 1, 1, 1), "SAME")
    return x * (1 + 1e-4 / 5 * total) ** -0.75


def halved(x: jax.Array) -> jax.Array:
    """The largest of 3×3, of half the size rounded up."""
    return nnx.max_pool(x, (3, 3), (2, 2), padding="SAME")


def flat(x: jax.Array) -> jax.Array:
    """Features of each picture."""
    return x.reshape(len(x), -1)


NETWORKS: dict[str, Callable[[int, nnx.Rngs], nnx.Module]] = {
    "lenet": Lenet,
    "alexnet": Alexnet,
    "googlenet": Googlenet,
    "resnet-50": Resnet50,
}
