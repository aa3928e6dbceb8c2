"""EfficientNet-B0.

Source: Tan, Le, *EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks*, 2019,
https://arxiv.org/abs/1905.11946 (table 1). Weights start as in the authors' code,
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet; padding is symmetric and batch norm has the
usual momentum and epsilon, as in torchvision and timm, as which layers are named.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from digits_core.contracts.network_family import NetworkFamily, Recipe
from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.initializers import HeNormal, Uniform
from digits_core.graph.ops import (
    Add,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    GlobalAveragePool,
    Multiply,
    Sigmoid,
    Silu,
    StochasticDepth,
)
from digits_core.spec.model import Spec


@dataclass(frozen=True, slots=True)
class _Stage:
    """One row of the paper's table."""

    expansion: int
    kernel: int
    stride: int
    filters: int
    count: int


STAGES = (
    _Stage(1, 3, 1, 16, 1),
    _Stage(6, 3, 2, 24, 2),
    _Stage(6, 5, 2, 40, 2),
    _Stage(6, 3, 2, 80, 3),
    _Stage(6, 5, 1, 112, 3),
    _Stage(6, 5, 2, 192, 4),
    _Stage(6, 3, 1, 320, 1),
)
STEM, HEAD = 32, 1280
#: Channels of a block's input per channel of its squeeze-excite.
SQUEEZE = 4


class EfficientnetParams(Spec):
    """Sizes of EfficientNet."""

    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Share of the last features that is dropped while training."""
    stochastic_depth: float = Field(default=0.2, ge=0, lt=1)
    """How often the last block is left out while training; earlier ones proportionally less often."""
    scale: float = Field(default=1 / 57.6, gt=0)
    """Factor on pixels after the mean is subtracted; 57.6 is how far pixels of photos usually deviate."""


class Efficientnet(NetworkFamily):
    """Inverted residuals with squeeze-excite: 5,288,548 parameters for 1000 classes."""

    name: ClassVar = "efficientnet-b0"
    Params: ClassVar = EfficientnetParams
    usual_input: ClassVar = NetworkInput(channels=3, height=224, width=224, classes=1000)
    recipe: ClassVar = Recipe(size=256, crop=224, mirror=True, batch=256, solver="rmsprop", rate=0.016)

    def build(self, params: Any, input: NetworkInput) -> Graph:
        """EfficientNet-B0 for pictures of any size."""
        network = NetworkBuilder("efficientnet-b0", input.op(params.scale))
        _normalised(network, "", "conv_stem", 1, _conv(STEM, 3, stride=2))
        channels, done, total = STEM, 0, sum(stage.count for stage in STAGES)
        for index, stage in enumerate(STAGES):
            for number in range(stage.count):
                stride = stage.stride if number == 0 else 1
                rate = params.stochastic_depth * done / total
                _block(network, f"blocks.{index}.{number}.", channels, stage, stride, rate)
                channels, done = stage.filters, done + 1
        _normalised(network, "", "conv_head", 2, _conv(HEAD, 1))
        network.add("global_pool", GlobalAveragePool()).add("drop", Dropout(rate=params.dropout))
        limit = 1 / math.sqrt(input.classes)
        logits = Dense(units=input.classes, kernel_initializer=Uniform(low=-limit, high=limit))
        return network.add("classifier", logits).graph()


def _block(network: NetworkBuilder, name: str, channels: int, stage: _Stage, stride: int, rate: float) -> None:
    """Widen, filter each channel by itself, weigh channels, narrow; add to x where the shape is the same."""
    before, wide, norms = network.last, channels * stage.expansion, 1
    if stage.expansion > 1:
        _normalised(network, name, "conv_pw", norms, _conv(wide, 1))
        norms += 1
    _normalised(network, name, "conv_dw", norms, _depthwise(wide, stage.kernel, stride))
    _squeeze_excite(network, f"{name}se.", wide, max(1, channels // SQUEEZE))
    network.add(f"{name}{'conv_pwl' if stage.expansion > 1 else 'conv_pw'}", _conv(stage.filters, 1))
    network.add(f"{name}bn{norms + 1}", BatchNorm())
    if stride == 1 and channels == stage.filters:
        if rate:
            network.add(f"{name}drop_path", StochasticDepth(rate=rate))
        network.add(f"{name}add", Add(), after=[network.last, before])


def _squeeze_excite(network: NetworkBuilder, name: str, channels: int, narrow: int) -> None:
    """Each channel times a share that depends on the means of all channels."""
    before = network.last
    network.add(f"{name}pool", GlobalAveragePool()).add(f"{name}conv_reduce", _conv(narrow, 1, bias=True))
    network.add(f"{name}act1", Silu()).add(f"{name}conv_expand", _conv(channels, 1, bias=True))
    network.add(f"{name}gate", Sigmoid()).add(f"{name}multiply", Multiply(), after=[before, f"{name}gate"])


def _normalised(network: NetworkBuilder, name: str, conv: str, number: int, op: Conv) -> None:
    network.add(f"{name}{conv}", op).add(f"{name}bn{number}", BatchNorm()).add(f"{name}act{number}", Silu())


def _conv(filters: int, kernel: int, *, stride: int = 1, bias: bool = False) -> Conv:
    return Conv(
        filters=filters,
        kernel=kernel,
        stride=stride,
        padding=kernel // 2,
        bias=bias,
        kernel_initializer=HeNormal(fan="out"),
    )


def _depthwise(channels: int, kernel: int, stride: int) -> Conv:
    """What goes into an output of a depthwise convolution is as much as what comes out of an input: kernel²."""
    return Conv(
        filters=channels,
        kernel=kernel,
        stride=stride,
        padding=kernel // 2,
        groups=channels,
        bias=False,
        kernel_initializer=HeNormal(fan="in"),
    )
