"""LeNet, as DIGITS and Caffe trained it on MNIST.

Source: LeCun, Bottou, Bengio, Haffner, *Gradient-based learning applied to document recognition*, 1998,
https://doi.org/10.1109/5.726791. This is Caffe's variant: max pooling, and rectified units after the first dense layer
only.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from digits_core.contracts.network_family import NetworkFamily, Recipe
from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.ops import Conv, Dense, MaxPool, Relu
from digits_core.spec.model import Spec


class LenetParams(Spec):
    """Sizes of LeNet."""

    conv1: int = Field(default=20, ge=1)
    """Filters of the first convolution."""
    conv2: int = Field(default=50, ge=1)
    """Filters of the second convolution."""
    hidden: int = Field(default=500, ge=1)
    """Units of the hidden dense layer."""
    scale: float = Field(default=1 / 80, gt=0)
    """Factor on pixels after the mean is subtracted."""


class Lenet(NetworkFamily):
    """Two convolutions and two dense layers for small pictures, 431,080 parameters on MNIST."""

    name: ClassVar = "lenet"
    Params: ClassVar = LenetParams
    usual_input: ClassVar = NetworkInput(channels=1, height=28, width=28, classes=10)
    recipe: ClassVar = Recipe(size=28)

    def build(self, params: Any, input: NetworkInput) -> Graph:
        """LeNet for any picture of at least 16 pixels a side."""
        return (
            NetworkBuilder("lenet", input.op(params.scale))
            .add("conv1", Conv(filters=params.conv1, kernel=5))
            .add("pool1", MaxPool(kernel=2, stride=2))
            .add("conv2", Conv(filters=params.conv2, kernel=5))
            .add("pool2", MaxPool(kernel=2, stride=2))
            .add("fc1", Dense(units=params.hidden))
            .add("relu1", Relu())
            .add("fc2", Dense(units=input.classes))
            .graph()
        )
