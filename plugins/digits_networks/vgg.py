"""VGG with 11, 13, 16 or 19 layers of weights.

Source: Simonyan, Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition*, 2014,
https://arxiv.org/abs/1409.1556 (columns A, B, D and E of table 1). Kernels start as in He et al., 2015, so that even
the deepest trains without being grown from a shallower one.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from digits_core.contracts.network_family import NetworkFamily, Recipe
from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.initializers import Gaussian, HeNormal
from digits_core.graph.ops import BatchNorm, Conv, Dense, Dropout, MaxPool, Relu
from digits_core.spec.model import Spec

#: Convolutions in each of the five stages, by depth.
STAGES = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


class VggParams(Spec):
    """Sizes of VGG."""

    depth: Literal[11, 13, 16, 19] = 16
    """Layers of weights."""
    batch_norm: bool = False
    """Whether each convolution is normalised."""
    width: int = Field(default=64, ge=1)
    """Filters of the first stage; they double up to the fourth."""
    hidden: int = Field(default=4096, ge=1)
    """Units of the two hidden dense layers."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of hidden units that is dropped while training."""
    scale: float = Field(default=1 / 57.6, gt=0)
    """Factor on pixels after the mean is subtracted; 57.6 is how far pixels of photos usually deviate."""


class Vgg(NetworkFamily):
    """Stages of 3×3 convolutions and three dense layers: 138,357,544 parameters with 16 layers and 1000 classes."""

    name: ClassVar = "vgg"
    Params: ClassVar = VggParams
    usual_input: ClassVar = NetworkInput(channels=3, height=224, width=224, classes=1000)
    recipe: ClassVar = Recipe(size=256, crop=224, mirror=True, batch=256)

    def build(self, params: Any, input: NetworkInput) -> Graph:
        """VGG; the first dense layer adapts to the size of the picture."""
        network = NetworkBuilder(f"vgg-{params.depth}", input.op(params.scale))
        for stage, count in enumerate(STAGES[params.depth], start=1):
            for number in range(1, count + 1):
                filters = params.width * 2 ** min(stage - 1, 3)
                _conv(network, f"{stage}_{number}", filters, batch_norm=params.batch_norm)
            network.add(f"pool{stage}", MaxPool(kernel=2, stride=2))
        for number in (6, 7):
            network.add(f"fc{number}", _dense(params.hidden)).add(f"relu{number}", Relu())
            network.add(f"drop{number}", Dropout(rate=params.dropout))
        return network.add("fc8", _dense(input.classes)).graph()


def _conv(network: NetworkBuilder, suffix: str, filters: int, *, batch_norm: bool) -> None:
    op = Conv(filters=filters, kernel=3, padding=1, kernel_initializer=HeNormal(fan="out"))
    network.add(f"conv{suffix}", op)
    if batch_norm:
        network.add(f"bn{suffix}", BatchNorm())
    network.add(f"relu{suffix}", Relu())


def _dense(units: int) -> Dense:
    return Dense(units=units, kernel_initializer=Gaussian(std=0.01))
