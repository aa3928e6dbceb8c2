"""The picture that a network begins with."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from digits_core.graph.initializers import Constant
from digits_core.graph.ops.op import Op, Parameter
from digits_core.graph.shapes import Shape


class Input(Op):
    """``y = (x − mean)·scale`` for pictures of 0 to 255.

    The only layer without inputs; it is named ``input``. ``mean`` is subtracted as one value per channel (``pixel``,
    canonical ``input/mean`` ``[C, 1, 1]``) or as a picture (``image``, ``[C, H, W]``).
    """

    kind: ClassVar = "input"
    arity: ClassVar = (0, 0)
    channels: int = Field(ge=1)
    """Channels of the picture."""
    height: int = Field(ge=1)
    """Height in pixels."""
    width: int = Field(ge=1)
    """Width in pixels."""
    scale: float = Field(default=1.0, gt=0)
    """Factor after the mean is subtracted."""
    mean: Literal["none", "pixel", "image"] = "none"
    """What is subtracted."""

    def output(self, *inputs: Shape) -> Shape:
        """The picture."""
        return (self.channels, self.height, self.width)

    def parameters(self, *inputs: Shape) -> dict[str, Parameter]:
        """``mean``, unless nothing is subtracted; filled from the dataset."""
        shapes: dict[str, Shape] = {
            "pixel": (self.channels, 1, 1),
            "image": (self.channels, self.height, self.width),
        }
        if self.mean == "none":
            return {}
        return {"mean": Parameter(shapes[self.mean], Constant(), trainable=False)}
