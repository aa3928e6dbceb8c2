"""ConvNeXt-T.

Source: Liu et al., *A ConvNet for the 2020s*, 2022, https://arxiv.org/abs/2201.03545; how weights start:
https://github.com/facebookresearch/ConvNeXt. Layers are named as timm names them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from digits_core.contracts.network_family import NetworkFamily, Recipe
from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.initializers import TruncatedNormal
from digits_core.graph.ops import (
    Add,
    ChannelScale,
    Conv,
    Dense,
    Gelu,
    GlobalAveragePool,
    LayerNorm,
    StochasticDepth,
)
from digits_core.spec.model import Spec


class ConvnextParams(Spec):
    """Sizes of ConvNeXt."""

    depths: tuple[int, int, int, int] = (3, 3, 9, 3)
    """Blocks of the four stages."""
    widths: tuple[int, int, int, int] = (96, 192, 384, 768)
    """Channels of the four stages."""
    stochastic_depth: float = Field(default=0.1, ge=0, lt=1)
    """How often the last block is left out while training; earlier ones proportionally less often."""
    layer_scale: float = Field(default=1e-6, gt=0)
    """What the factors on each block's branch begin with."""
    scale: float = Field(default=1 / 57.6, gt=0)
    """Factor on pixels after the mean is subtracted; 57.6 is how far pixels of photos usually deviate."""


class Convnext(NetworkFamily):
    """Depthwise 7×7 convolutions in blocks like those of transformers: 28,589,128 parameters for 1000 classes."""

    name: ClassVar = "convnext-tiny"
    Params: ClassVar = ConvnextParams
    usual_input: ClassVar = NetworkInput(channels=3, height=224, width=224, classes=1000)
    recipe: ClassVar = Recipe(size=256, crop=224, mirror=True, batch=4096, solver="adamw", rate=0.004)

    def build(self, params: Any, input: NetworkInput) -> Graph:
        """ConvNeXt for pictures of at least 32 pixels a side."""
        network = NetworkBuilder("convnext-tiny", input.op(params.scale))
        network.add("stem.0", _conv(params.widths[0], 4, stride=4)).add("stem.1", LayerNorm())
        done, last = 0, max(1, sum(params.depths) - 1)
        for stage, (count, channels) in enumerate(zip(params.depths, params.widths, strict=True)):
            if stage:
                network.add(f"stages.{stage}.downsample.0", LayerNorm())
                network.add(f"stages.{stage}.downsample.1", _conv(channels, 2, stride=2))
            for number in range(count):
                rate = params.stochastic_depth * done / last
                _block(network, f"stages.{stage}.blocks.{number}", channels, params.layer_scale, rate)
                done += 1
        logits = Dense(units=input.classes, kernel_initializer=TruncatedNormal(std=0.02))
        network.add("head.global_pool", GlobalAveragePool()).add("head.norm", LayerNorm())
        return network.add("head.fc", logits).graph()


def _block(network: NetworkBuilder, name: str, channels: int, layer_scale: float, rate: float) -> None:
    """``x + γ·mlp(norm(depthwise(x)))``, the mlp at each place by itself."""
    before = network.last
    network.add(f"{name}.conv_dw", _conv(channels, 7, padding=3, groups=channels)).add(f"{name}.norm", LayerNorm())
    network.add(f"{name}.mlp.fc1", _conv(4 * channels, 1)).add(f"{name}.mlp.act", Gelu())
    network.add(f"{name}.mlp.fc2", _conv(channels, 1)).add(f"{name}.gamma", ChannelScale(initial=layer_scale))
    if rate:
        network.add(f"{name}.drop_path", StochasticDepth(rate=rate))
    network.add(f"{name}.add", Add(), after=[network.last, before])


def _conv(filters: int, kernel: int, *, stride: int = 1, padding: int = 0, groups: int = 1) -> Conv:
    return Conv(
        filters=filters,
        kernel=kernel,
        stride=stride,
        padding=padding,
        groups=groups,
        kernel_initializer=TruncatedNormal(std=0.02),
    )
