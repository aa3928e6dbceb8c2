"""The parts of a graph: what a dataset tells it, layers as described and with known shapes, and losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from digits_core.graph.ops import Input, Op, Parameter
from digits_core.graph.shapes import Shape
from digits_core.graph.tuning import UNTUNED, Tuning

INPUT = "input"
#: Canonical name of what the input layer subtracts.
MEAN = f"{INPUT}/mean"


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """What a dataset tells a network.

    Attributes:
        channels: 1 or 3.
        height: Height in pixels, after cropping.
        width: Width in pixels, after cropping.
        classes: Number of classes.
        mean: What the input layer subtracts: ``none``, ``pixel`` or ``image``.
    """

    channels: int
    height: int
    width: int
    classes: int
    mean: Literal["none", "pixel", "image"] = "none"

    def op(self, scale: float = 1.0) -> Input:
        """The input operation of a network for this."""
        return Input(channels=self.channels, height=self.height, width=self.width, scale=scale, mean=self.mean)


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """A layer as it is described, before shapes are known.

    Attributes:
        name: Its name, unique in the network.
        op: What it computes; None where that is not understood, which others tell: its name and inputs are checked.
        inputs: Names of the layers it takes; empty: the layer described before it.
        where: Place in a file, for errors.
        tuning: How its weights are trained.
    """

    name: str
    op: Op | None
    inputs: tuple[str, ...] = ()
    where: str = ""
    tuning: Tuning = UNTUNED


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer with known shapes.

    Attributes:
        name: Its name, the first part of its weights' canonical names.
        op: What it computes.
        inputs: Names of the layers it takes.
        input_shapes: Their shapes.
        output: Its shape.
        tuning: How its weights are trained.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output: Shape
    tuning: Tuning = UNTUNED

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Its weights under their canonical names."""
        local = self.op.parameters(*self.input_shapes)
        return {f"{self.name}/{name}": self.tuning.applied(parameter) for name, parameter in local.items()}

    @property
    def frozen(self) -> bool:
        """Whether it computes the same while training as otherwise, and none of its weights moves."""
        return self.tuning.frozen

    @property
    def parameter_count(self) -> int:
        """Number of trainable elements, whether they are frozen or not."""
        local = self.op.parameters(*self.input_shapes)
        return sum(parameter.size for parameter in local.values() if parameter.trainable)

    @property
    def flops(self) -> int:
        """Floating point operations per picture, forward."""
        return self.op.flops(self.input_shapes, self.output)


@dataclass(frozen=True, slots=True)
class Loss:
    """Mean softmax cross-entropy of a layer of logits.

    ``−Σ target·log softmax(logits)``, the target being ``1 − smoothing`` at the label plus ``smoothing / classes``.

    Attributes:
        logits: Name of the layer.
        weight: Factor in the total loss.
        label_smoothing: Share of the target that is spread over all classes.
    """

    logits: str
    weight: float = 1.0
    label_smoothing: float = 0.0
