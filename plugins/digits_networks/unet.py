"""The contracting path of U-Net, with a head that classifies.

Source: Ronneberger, Fischer, Brox, *U-Net: Convolutional Networks for Biomedical Image Segmentation*, 2015,
https://arxiv.org/abs/1505.04597. Convolutions are padded, so that pictures keep their size between poolings.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from digits_core.contracts.network_family import NetworkFamily, Recipe
from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.initializers import HeNormal
from digits_core.graph.ops import BatchNorm, Conv, Dense, Dropout, GlobalAveragePool, MaxPool, Relu
from digits_core.spec.model import Spec


class UnetEncoderParams(Spec):
    """Sizes of U-Net's contracting path."""

    width: int = Field(default=64, ge=1)
    """Filters of the first level; they double with every level."""
    levels: int = Field(default=5, ge=1)
    """Levels; between them pictures are halved."""
    batch_norm: bool = False
    """Whether each convolution is normalised."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of the last features that is dropped while training."""
    scale: float = Field(default=1 / 57.6, gt=0)
    """Factor on pixels after the mean is subtracted; 57.6 is how far pixels of photos usually deviate."""


class UnetEncoder(NetworkFamily):
    """Levels of two 3×3 convolutions, each level half as large and twice as wide as the one above it."""

    name: ClassVar = "unet-encoder"
    Params: ClassVar = UnetEncoderParams
    usual_input: ClassVar = NetworkInput(channels=3, height=256, width=256, classes=10)
    recipe: ClassVar = Recipe(size=256, mirror=True, batch=32)

    def build(self, params: Any, input: NetworkInput) -> Graph:
        """The contracting path for pictures of at least ``2^(levels − 1)`` pixels a side."""
        network = NetworkBuilder("unet-encoder", input.op(params.scale))
        for level in range(1, params.levels + 1):
            if level > 1:
                network.add(f"down{level - 1}", MaxPool(kernel=2, stride=2))
            for number in (1, 2):
                filters = params.width * 2 ** (level - 1)
                _conv(network, f"encoder{level}", number, filters, batch_norm=params.batch_norm)
        network.add("drop", Dropout(rate=params.dropout)).add("avgpool", GlobalAveragePool())
        return network.add("fc", Dense(units=input.classes)).graph()


def _conv(network: NetworkBuilder, level: str, number: int, filters: int, *, batch_norm: bool) -> None:
    conv = Conv(filters=filters, kernel=3, padding=1, bias=not batch_norm, kernel_initializer=HeNormal())
    network.add(f"{level}.conv{number}", conv)
    if batch_norm:
        network.add(f"{level}.bn{number}", BatchNorm())
    network.add(f"{level}.relu{number}", Relu())
