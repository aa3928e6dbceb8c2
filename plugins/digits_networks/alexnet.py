"""AlexNet, as Caffe and DIGITS trained it.

Source: Krizhevsky, Sutskever, Hinton, *ImageNet Classification with Deep Convolutional Neural Networks*, 2012,
https://papers.nips.cc/paper/4824. This is the variant of Caffe's model zoo in one tower: groups stand for the two GPUs
of the paper. Layers have the names that they have there, so that weights from there fit by name.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from digits_core.contracts.network_family import NetworkFamily, Recipe
from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.initializers import Constant, Gaussian
from digits_core.graph.ops import Conv, Dense, Dropout, Lrn, MaxPool, Relu
from digits_core.spec.model import Spec

_POOL = MaxPool(kernel=3, stride=2, ceil_mode=True)
_NORM = Lrn(size=5, alpha=1e-4, beta=0.75)


class AlexnetParams(Spec):
    """Sizes of AlexNet."""

    filters: tuple[int, int, int, int, int] = (96, 256, 384, 384, 256)
    """Filters of the five convolutions; even, but for the third."""
    hidden: int = Field(default=4096, ge=1)
    """Units of the two hidden dense layers."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of hidden units that is dropped while training."""
    scale: float = Field(default=1.0, gt=0)
    """Factor on pixels after the mean is subtracted."""


class Alexnet(NetworkFamily):
    """Five convolutions and three dense layers: 60,965,224 parameters for 1000 classes."""

    name: ClassVar = "alexnet"
    Params: ClassVar = AlexnetParams
    usual_input: ClassVar = NetworkInput(channels=3, height=227, width=227, classes=1000)
    recipe: ClassVar = Recipe(size=256, crop=227, mirror=True, batch=128)

    def build(self, params: Any, input: NetworkInput) -> Graph:
        """AlexNet; the first dense layer adapts to the size of the picture."""
        first, second, third, fourth, fifth = params.filters
        network = NetworkBuilder("alexnet", input.op(params.scale))
        network.add("conv1", _conv(first, 11, stride=4)).add("relu1", Relu()).add("norm1", _NORM).add("pool1", _POOL)
        network.add("conv2", _conv(second, 5, padding=2, groups=2, bias=0.1)).add("relu2", Relu())
        network.add("norm2", _NORM).add("pool2", _POOL)
        network.add("conv3", _conv(third, 3, padding=1)).add("relu3", Relu())
        network.add("conv4", _conv(fourth, 3, padding=1, groups=2, bias=0.1)).add("relu4", Relu())
        network.add("conv5", _conv(fifth, 3, padding=1, groups=2, bias=0.1)).add("relu5", Relu()).add("pool5", _POOL)
        for number in (6, 7):
            network.add(f"fc{number}", _dense(params.hidden, std=0.005, bias=0.1)).add(f"relu{number}", Relu())
            network.add(f"drop{number}", Dropout(rate=params.dropout))
        return network.add("fc8", _dense(input.classes, std=0.01, bias=0)).graph()


def _conv(filters: int, kernel: int, *, stride: int = 1, padding: int = 0, groups: int = 1, bias: float = 0) -> Conv:
    return Conv(
        filters=filters,
        kernel=kernel,
        stride=stride,
        padding=padding,
        groups=groups,
        kernel_initializer=Gaussian(std=0.01),
        bias_initializer=Constant(value=bias),
        bias_rate=2,
        bias_decay=0,
    )


def _dense(units: int, *, std: float, bias: float) -> Dense:
    return Dense(
        units=units,
        kernel_initializer=Gaussian(std=std),
        bias_initializer=Constant(value=bias),
        bias_rate=2,
        bias_decay=0,
    )
