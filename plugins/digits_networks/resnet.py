"""Residual networks with 18, 34 or 50 layers of weights.

Source: He, Zhang, Ren, Sun, *Deep Residual Learning for Image Recognition*, 2015, https://arxiv.org/abs/1512.03385. As
in https://github.com/facebookarchive/fb.resnet.torch a bottleneck has its stride in the 3×3 convolution, which costs a
little more and is a little better than the paper's. Layers are named as torchvision names them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from digits_core.contracts.network_family import NetworkFamily, Recipe
from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.initializers import Constant, HeNormal, Uniform
from digits_core.graph.ops import Add, BatchNorm, Conv, Dense, GlobalAveragePool, MaxPool, Relu
from digits_core.spec.model import Spec

#: Blocks in each of the four stages, by depth.
STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
#: Depths whose blocks narrow to a quarter of their channels.
BOTTLENECKS = frozenset({50})


class ResnetParams(Spec):
    """Sizes of residual networks."""

    depth: Literal[18, 34, 50] = 50
    """Layers of weights."""
    width: int = Field(default=64, ge=1)
    """Filters of the first stage; they double with every stage."""
    small_pictures: bool = False
    """Begin with a 3×3 convolution and no pooling, as the paper does for pictures of 32×32."""
    zero_init: bool = False
    """Start each block as the identity: the scale of its last batch norm is 0 (https://arxiv.org/abs/1706.02677)."""
    scale: float = Field(default=1 / 57.6, gt=0)
    """Factor on pixels after the mean is subtracted; 57.6 is how far pixels of photos usually deviate."""


class Resnet(NetworkFamily):
    """Blocks that add to what they are given: 25,557,032 parameters with 50 layers and 1000 classes."""

    name: ClassVar = "resnet"
    Params: ClassVar = ResnetParams
    usual_input: ClassVar = NetworkInput(channels=3, height=224, width=224, classes=1000)
    recipe: ClassVar = Recipe(size=256, crop=224, mirror=True, batch=256, rate=0.1)

    def build(self, params: Any, input: NetworkInput) -> Graph:
        """A residual network for pictures of any size."""
        network = NetworkBuilder(f"resnet-{params.depth}", input.op(params.scale))
        _stem(network, params)
        expansion = 4 if params.depth in BOTTLENECKS else 1
        for stage, count in enumerate(STAGES[params.depth]):
            filters = params.width * 2**stage
            for number in range(count):
                stride = 2 if stage and number == 0 else 1
                convs = _bottleneck(filters, stride) if params.depth in BOTTLENECKS else _plain(filters, stride)
                projects = number == 0 and (stride, expansion) != (1, 1)
                _residual(network, f"layer{stage + 1}.{number}", convs, projects=projects, zero_init=params.zero_init)
        limit = 1 / math.sqrt(params.width * 8 * expansion)
        logits = Dense(units=input.classes, kernel_initializer=Uniform(low=-limit, high=limit))
        return network.add("avgpool", GlobalAveragePool()).add("fc", logits).graph()


def _stem(network: NetworkBuilder, params: ResnetParams) -> None:
    conv = _conv(params.width, 3, 1) if params.small_pictures else _conv(params.width, 7, 2)
    network.add("conv1", conv).add("bn1", BatchNorm()).add("relu", Relu())
    if not params.small_pictures:
        network.add("maxpool", MaxPool(kernel=3, stride=2, padding=1))


def _plain(filters: int, stride: int) -> tuple[Conv, ...]:
    return (_conv(filters, 3, stride), _conv(filters, 3, 1))


def _bottleneck(filters: int, stride: int) -> tuple[Conv, ...]:
    return (_conv(filters, 1, 1), _conv(filters, 3, stride), _conv(4 * filters, 1, 1))


def _residual(network: NetworkBuilder, name: str, convs: Sequence[Conv], *, projects: bool, zero_init: bool) -> None:
    """``relu(branch(x) + x)``; where the branch has another shape than x, a 1×1 convolution projects x to it."""
    before = shortcut = network.last
    *first, last = enumerate(convs, start=1)
    for number, conv in first:
        network.add(f"{name}.conv{number}", conv).add(f"{name}.bn{number}", BatchNorm())
        network.add(f"{name}.relu{number}", Relu())
    number, conv = last
    norm = BatchNorm(scale_initializer=Constant(value=0.0 if zero_init else 1.0))
    network.add(f"{name}.conv{number}", conv).add(f"{name}.bn{number}", norm)
    branch = network.last
    if projects:
        stride = max(one.stride[0] for one in convs)
        network.add(f"{name}.downsample.0", _conv(conv.filters, 1, stride), after=before)
        network.add(f"{name}.downsample.1", BatchNorm())
        shortcut = network.last
    network.add(f"{name}.add", Add(), after=[branch, shortcut]).add(f"{name}.relu", Relu())


def _conv(filters: int, kernel: int, stride: int) -> Conv:
    return Conv(
        filters=filters,
        kernel=kernel,
        stride=stride,
        padding=kernel // 2,
        bias=False,
        kernel_initializer=HeNormal(fan="out"),
    )
