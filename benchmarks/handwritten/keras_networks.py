"""The networks as functional Keras; each gives a list of logits, the main ones first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from digits_networks.googlenet import BLOCKS
from digits_networks.resnet import STAGES


class LocalResponseNorm(layers.Layer):
    """Local response normalisation over five channels, which Keras has no layer for."""

    def call(self, x: Any) -> Any:
        channels = x.shape[-1]
        squares = keras.ops.pad(x * x, [(0, 0), (0, 0), (0, 0), (2, 2)])
        total = sum(squares[..., shift : shift + channels] for shift in range(5))
        return x * (1 + 1e-4 / 5 * total) ** -0.75


def lenet(x: Any, classes: int) -> list[Any]:
    """Caffe's LeNet."""
    x = layers.MaxPooling2D(2)(layers.Conv2D(20, 5)(x))
    x = layers.MaxPooling2D(2)(layers.Conv2D(50, 5)(x))
    x = layers.Dense(500, activation="relu")(layers.Flatten()(x))
    return [layers.Dense(classes)(x)]


def alexnet(x: Any, classes: int) -> list[Any]:
    """Caffe's AlexNet for 227×227."""
    x = LocalResponseNorm()(layers.Conv2D(96, 11, 4, activation="relu")(x))
    x = layers.MaxPooling2D(3, 2)(x)
    x = LocalResponseNorm()(layers.Conv2D(256, 5, padding="same", groups=2, activation="relu")(x))
    x = layers.MaxPooling2D(3, 2)(x)
    x = layers.Conv2D(384, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(384, 3, padding="same", groups=2, activation="relu")(x)
    x = layers.Conv2D(256, 3, padding="same", groups=2, activation="relu")(x)
    x = layers.Flatten()(layers.MaxPooling2D(3, 2)(x))
    for _ in range(2):
        x = layers.Dropout(0.5)(layers.Dense(4096, activation="relu")(x))
    return [layers.Dense(classes)(x)]


def googlenet(x: Any, classes: int) -> list[Any]:
    """Caffe's GoogLeNet for 224×224."""
    x = _convolved(layers.ZeroPadding2D(3)(x), 64, 7, 2, "valid")
    x = LocalResponseNorm()(layers.MaxPooling2D(3, 2, "same")(x))
    x = LocalResponseNorm()(_convolved(_convolved(x, 64, 1), 192, 3))
    x = layers.MaxPooling2D(3, 2, "same")(x)
    auxiliary = []
    for name, filters in BLOCKS.items():
        x = _inception(x, *filters)
        if name in ("3b", "4e"):
            x = layers.MaxPooling2D(3, 2, "same")(x)
        if name in ("4a", "4d"):
            auxiliary.append(_auxiliary(x, classes))
    x = layers.Dropout(0.4)(layers.GlobalAveragePooling2D()(x))
    return [layers.Dense(classes)(x), *auxiliary]


def resnet50(x: Any, classes: int) -> list[Any]:
    """ResNet-50, strides in the 3×3 convolutions."""
    x = layers.ReLU()(_normalised(x, 64, 7, 2))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for stage, count in enumerate(STAGES[50]):
        for number in range(count):
            x = _bottleneck(x, 64 * 2**stage, 2 if stage and not number else 1)
    return [layers.Dense(classes)(layers.GlobalAveragePooling2D()(x))]


def _convolved(x: Any, filters: int, kernel: int, stride: int = 1, padding: str = "same") -> Any:
    return layers.Conv2D(filters, kernel, stride, padding, activation="relu")(x)


def _inception(x: Any, one: int, three_reduce: int, three: int, five_reduce: int, five: int, projection: int) -> Any:
    branches = [
        _convolved(x, one, 1),
        _convolved(_convolved(x, three_reduce, 1), three, 3),
        _convolved(_convolved(x, five_reduce, 1), five, 5),
        _convolved(layers.MaxPooling2D(3, 1, "same")(x), projection, 1),
    ]
    return layers.Concatenate()(branches)


def _auxiliary(x: Any, classes: int) -> Any:
    x = layers.Flatten()(_convolved(layers.AveragePooling2D(5, 3)(x), 128, 1))
    return layers.Dense(classes)(layers.Dropout(0.7)(layers.Dense(1024, activation="relu")(x)))


def _normalised(x: Any, filters: int, kernel: int, stride: int = 1) -> Any:
    if stride > 1 and kernel > 1:
        x = layers.ZeroPadding2D(kernel // 2)(x)
    padding = "valid" if stride > 1 else "same"
    x = layers.Conv2D(filters, kernel, stride, padding, use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


def _bottleneck(x: Any, filters: int, stride: int) -> Any:
    branch = layers.ReLU()(_normalised(x, filters, 1))
    branch = layers.ReLU()(_normalised(branch, filters, 3, stride))
    branch = _normalised(branch, 4 * filters, 1)
    same = stride == 1 and x.shape[-1] == 4 * filters
    shortcut = x if same else _normalised(x, 4 * filters, 1, stride)
    return layers.ReLU()(layers.Add()([branch, shortcut]))


NETWORKS: dict[str, Callable[[Any, int], list[Any]]] = {
    "lenet": lenet,
    "alexnet": alexnet,
    "googlenet": googlenet,
    "resnet-50": resnet50,
}
