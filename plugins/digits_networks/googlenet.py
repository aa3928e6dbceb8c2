"""GoogLeNet, as Caffe and DIGITS trained it.

Source: Szegedy et al., *Going Deeper with Convolutions*, 2014, https://arxiv.org/abs/1409.4842. This is the variant of
Caffe's model zoo. Layers have the names that they have there, with ``.`` for ``/``, so that weights from there fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field

from digits_core.contracts.network_family import NetworkFamily, Recipe
from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.initializers import Constant, Xavier
from digits_core.graph.ops import AveragePool, Concat, Conv, Dense, Dropout, GlobalAveragePool, Lrn, MaxPool, Relu
from digits_core.spec.model import Spec

#: Filters of each block: 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool projection.
BLOCKS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
#: After which blocks pictures are halved, and which ones have an auxiliary head.
POOLS = {"3b": "pool3.3x3_s2", "4e": "pool4.3x3_s2"}
HEADS = {"4a": "loss1", "4d": "loss2"}
BRANCHES = ("1x1", "3x3", "5x5", "pool_proj")

_HALVE = MaxPool(kernel=3, stride=2, ceil_mode=True)
_NORM = Lrn(size=5, alpha=1e-4, beta=0.75)


class GooglenetParams(Spec):
    """Sizes of GoogLeNet."""

    auxiliary: bool = True
    """Whether the two auxiliary heads are there; without them it is the deploy form, for use without training."""
    auxiliary_weight: float = Field(default=0.3, ge=0)
    """Factor on the loss of each auxiliary head."""
    width: float = Field(default=1.0, gt=0)
    """Factor on the filters of every convolution."""
    dropout: float = Field(default=0.4, ge=0, lt=1)
    """Share of the last features that is dropped while training."""
    scale: float = Field(default=1.0, gt=0)
    """Factor on pixels after the mean is subtracted."""


class Googlenet(NetworkFamily):
    """Nine inception blocks: 6,998,552 parameters for 1000 classes, 13,378,280 with both auxiliary heads."""

    name: ClassVar = "googlenet"
    Params: ClassVar = GooglenetParams
    usual_input: ClassVar = NetworkInput(channels=3, height=224, width=224, classes=1000)
    recipe: ClassVar = Recipe(size=256, crop=224, mirror=True, batch=32)

    def build(self, params: Any, input: NetworkInput) -> Graph:
        """GoogLeNet; the last pooling takes the whole of what remains of the picture, 7×7 for 224×224."""
        network = NetworkBuilder("googlenet", input.op(params.scale))
        _stem(network, params.width)
        for block, filters in BLOCKS.items():
            _inception(network, f"inception_{block}", [_scaled(count, params.width) for count in filters])
            if block in POOLS:
                network.add(POOLS[block], _HALVE)
        network.add("pool5", GlobalAveragePool())
        network.add("pool5.drop", Dropout(rate=params.dropout))
        network.add("loss3.classifier", _dense(input.classes)).loss("loss3.classifier")
        if params.auxiliary:
            for block, name in HEADS.items():
                _auxiliary(network, name, f"inception_{block}.output", params, input.classes)
        return network.graph(output="loss3.classifier")


def _stem(network: NetworkBuilder, width: float) -> None:
    _conv(network, "conv1", "7x7_s2", _scaled(64, width), 7, stride=2)
    network.add("pool1.3x3_s2", _HALVE).add("pool1.norm1", _NORM)
    _conv(network, "conv2", "3x3_reduce", _scaled(64, width), 1)
    _conv(network, "conv2", "3x3", _scaled(192, width), 3)
    network.add("conv2.norm2", _NORM).add("pool2.3x3_s2", _HALVE)


def _inception(network: NetworkBuilder, name: str, filters: Sequence[int]) -> None:
    """Four branches side by side: 1×1; 3×3 and 5×5, each behind a 1×1 that narrows; pooling with a 1×1 behind it."""
    one, three_reduce, three, five_reduce, five, projection = filters
    before = network.last
    _conv(network, name, "1x1", one, 1)
    _conv(network, name, "3x3_reduce", three_reduce, 1, after=before)
    _conv(network, name, "3x3", three, 3)
    _conv(network, name, "5x5_reduce", five_reduce, 1, after=before)
    _conv(network, name, "5x5", five, 5)
    network.add(f"{name}.pool", MaxPool(kernel=3, padding=1), after=before)
    _conv(network, name, "pool_proj", projection, 1)
    network.add(f"{name}.output", Concat(), after=[f"{name}.relu_{branch}" for branch in BRANCHES])


def _auxiliary(network: NetworkBuilder, name: str, before: str, params: GooglenetParams, classes: int) -> None:
    """A classifier beside the path, which helps early blocks to learn; its pooling takes less of a small picture."""
    _, height, width = network.shape(before)
    pool = AveragePool(kernel=(min(5, height), min(5, width)), stride=3, ceil_mode=True)
    network.add(f"{name}.ave_pool", pool, after=before)
    _conv(network, name, "conv", _scaled(128, params.width), 1)
    network.add(f"{name}.fc", _dense(_scaled(1024, params.width), bias=0.2)).add(f"{name}.relu_fc", Relu())
    network.add(f"{name}.drop_fc", Dropout(rate=0.7)).add(f"{name}.classifier", _dense(classes))
    network.loss(f"{name}.classifier", weight=params.auxiliary_weight)


def _conv(
    network: NetworkBuilder,
    group: str,
    form: str,
    filters: int,
    kernel: int,
    *,
    stride: int = 1,
    after: str | Sequence[str] = (),
) -> None:
    op = Conv(
        filters=filters,
        kernel=kernel,
        stride=stride,
        padding=kernel // 2,
        kernel_initializer=Xavier(),
        bias_initializer=Constant(value=0.2),
        bias_rate=2,
        bias_decay=0,
    )
    network.add(f"{group}.{form}", op, after=after).add(f"{group}.relu_{form}", Relu())


def _dense(units: int, *, bias: float = 0) -> Dense:
    return Dense(
        units=units,
        kernel_initializer=Xavier(),
        bias_initializer=Constant(value=bias),
        bias_rate=2,
        bias_decay=0,
    )


def _scaled(filters: int, width: float) -> int:
    return max(1, round(filters * width))
