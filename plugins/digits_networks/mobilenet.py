"""MobileNetV2.

Source: Sandler et al., *MobileNetV2: Inverted Residuals and Linear Bottlenecks*, 2018,
https://arxiv.org/abs/1801.04381 (table 2). Weights start as in torchvision; layers are named as timm names them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from digits_core.contracts.network_family import NetworkFamily, Recipe
from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.initializers import Gaussian, HeNormal
from digits_core.graph.ops import Add, BatchNorm, Conv, Dense, Dropout, GlobalAveragePool, Relu6
from digits_core.spec.model import Spec

#: Expansion, filters, blocks, and stride of the first block, of each stage.
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
STEM, HEAD = 32, 1280


class MobilenetV2Params(Spec):
    """Sizes of MobileNetV2."""

    width: float = Field(default=1.0, gt=0)
    """Factor on the filters of every layer; results are multiples of 8, and the last features never fewer."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Share of the last features that is dropped while training."""
    scale: float = Field(default=1 / 57.6, gt=0)
    """Factor on pixels after the mean is subtracted; 57.6 is how far pixels of photos usually deviate."""


class MobilenetV2(NetworkFamily):
    """Inverted residuals with depthwise convolutions: 3,504,872 parameters for 1000 classes."""

    name: ClassVar = "mobilenet-v2"
    Params: ClassVar = MobilenetV2Params
    usual_input: ClassVar = NetworkInput(channels=3, height=224, width=224, classes=1000)
    recipe: ClassVar = Recipe(size=256, crop=224, mirror=True, batch=256, rate=0.05)

    def build(self, params: Any, input: NetworkInput) -> Graph:
        """MobileNetV2 for pictures of any size."""
        network = NetworkBuilder("mobilenet-v2", input.op(params.scale))
        channels = _scaled(STEM, params.width)
        _normalised(network, "conv_stem", "bn1", "act1", _conv(channels, 3, stride=2))
        for stage, (expansion, filters, count, first_stride) in enumerate(STAGES):
            for number in range(count):
                stride = first_stride if number == 0 else 1
                wanted = _scaled(filters, params.width)
                _inverted_residual(network, f"blocks.{stage}.{number}", channels, wanted, expansion, stride)
                channels = wanted
        head = _conv(_scaled(HEAD, max(1.0, params.width)), 1)
        _normalised(network, "conv_head", "bn2", "act2", head)
        network.add("global_pool", GlobalAveragePool()).add("drop", Dropout(rate=params.dropout))
        return network.add("classifier", Dense(units=input.classes, kernel_initializer=Gaussian(std=0.01))).graph()


def _inverted_residual(
    network: NetworkBuilder, name: str, channels: int, filters: int, expansion: int, stride: int
) -> None:
    """Widen, filter each channel by itself, narrow without activation; add to x where the shape is the same."""
    before, wide = network.last, channels * expansion
    if expansion == 1:
        _normalised(network, f"{name}.conv_dw", f"{name}.bn1", f"{name}.act1", _conv(wide, 3, stride, groups=wide))
        network.add(f"{name}.conv_pw", _conv(filters, 1)).add(f"{name}.bn2", BatchNorm())
    else:
        _normalised(network, f"{name}.conv_pw", f"{name}.bn1", f"{name}.act1", _conv(wide, 1))
        _normalised(network, f"{name}.conv_dw", f"{name}.bn2", f"{name}.act2", _conv(wide, 3, stride, groups=wide))
        network.add(f"{name}.conv_pwl", _conv(filters, 1)).add(f"{name}.bn3", BatchNorm())
    if stride == 1 and channels == filters:
        network.add(f"{name}.add", Add(), after=[network.last, before])


def _normalised(network: NetworkBuilder, conv: str, norm: str, activation: str, op: Conv) -> None:
    network.add(conv, op).add(norm, BatchNorm()).add(activation, Relu6())


def _conv(filters: int, kernel: int, stride: int = 1, *, groups: int = 1) -> Conv:
    return Conv(
        filters=filters,
        kernel=kernel,
        stride=stride,
        padding=kernel // 2,
        groups=groups,
        bias=False,
        kernel_initializer=HeNormal(fan="out"),
    )


def _scaled(filters: int, width: float) -> int:
    """The multiple of 8 nearest to ``filters·width``, but not less than nine tenths of it."""
    nearest = max(8, int(filters * width + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * filters * width else nearest
