"""SqueezeNet 1.0 and 1.1.

Source: Iandola et al., *SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size*, 2016,
https://arxiv.org/abs/1602.07360; version 1.1, which needs 2.4 times fewer operations, and how weights start:
https://github.com/forresti/SqueezeNet. Sizes are those of torchvision, whose pooling sees the last pixels.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from digits_core.contracts.network_family import NetworkFamily, Recipe
from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.initializers import Gaussian, Xavier
from digits_core.graph.ops import Concat, Conv, Dropout, Flatten, GlobalAveragePool, MaxPool, Relu
from digits_core.spec.model import Spec

_POOL = MaxPool(kernel=3, stride=2, ceil_mode=True)
#: Filters of each fire block: squeeze, and each of the two that expand.
FIRES = {2: (16, 64), 3: (16, 64), 4: (32, 128), 5: (32, 128), 6: (48, 192), 7: (48, 192), 8: (64, 256), 9: (64, 256)}
#: Filters and kernel of the first convolution, and the layers behind which pictures are halved, by version.
VERSIONS = {"1.0": (96, 7, frozenset({1, 4, 8})), "1.1": (64, 3, frozenset({1, 3, 5}))}


class SqueezenetParams(Spec):
    """Sizes of SqueezeNet."""

    version: Annotated[Literal["1.0", "1.1"], BeforeValidator(str)] = "1.1"
    """1.0 as in the paper; 1.1 with a smaller first convolution and earlier pooling."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of the last features that is dropped while training."""
    scale: float = Field(default=1.0, gt=0)
    """Factor on pixels after the mean is subtracted."""


class Squeezenet(NetworkFamily):
    """Eight fire blocks and no dense layer: 1,235,496 parameters in version 1.1 for 1000 classes."""

    name: ClassVar = "squeezenet"
    Params: ClassVar = SqueezenetParams
    usual_input: ClassVar = NetworkInput(channels=3, height=224, width=224, classes=1000)
    recipe: ClassVar = Recipe(size=256, crop=224, mirror=True, batch=512, rate=0.04)

    def build(self, params: Any, input: NetworkInput) -> Graph:
        """SqueezeNet; the last layers average each class over what remains of the picture."""
        filters, kernel, pools = VERSIONS[params.version]
        network = NetworkBuilder(f"squeezenet-{params.version}", input.op(params.scale))
        network.add("conv1", _conv(filters, kernel, stride=2)).add("relu1", Relu()).add("pool1", _POOL)
        for number, (squeeze, expand) in FIRES.items():
            _fire(network, f"fire{number}", squeeze, expand)
            if number in pools:
                network.add(f"pool{number}", _POOL)
        classifier = Conv(filters=input.classes, kernel=1, kernel_initializer=Gaussian(std=0.01))
        network.add("drop9", Dropout(rate=params.dropout)).add("conv10", classifier).add("relu10", Relu())
        return network.add("pool10", GlobalAveragePool()).add("logits", Flatten()).graph()


def _fire(network: NetworkBuilder, name: str, squeeze: int, expand: int) -> None:
    """A 1×1 convolution that narrows, and 1×1 and 3×3 convolutions side by side that widen."""
    network.add(f"{name}.squeeze", _conv(squeeze, 1)).add(f"{name}.squeeze_relu", Relu())
    for form, kernel in (("expand1x1", 1), ("expand3x3", 3)):
        network.add(f"{name}.{form}", _conv(expand, kernel, padding=kernel // 2), after=f"{name}.squeeze_relu")
        network.add(f"{name}.{form}_relu", Relu())
    network.add(f"{name}.concat", Concat(), after=[f"{name}.expand1x1_relu", f"{name}.expand3x3_relu"])


def _conv(filters: int, kernel: int, *, stride: int = 1, padding: int = 0) -> Conv:
    return Conv(filters=filters, kernel=kernel, stride=stride, padding=padding, kernel_initializer=Xavier())
