"""Operations with a kernel: sums of products."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from digits_core.graph.initializers import Constant, Initializer, Xavier
from digits_core.graph.ops.op import Op, Parameter
from digits_core.graph.shapes import Pair, Shape, ShapeMismatch, Sides, Windows, slide


class _Weighted(Op):
    """Fields that operations with a kernel and a bias share."""

    bias: bool = True
    """Whether a bias is added."""
    kernel_initializer: Initializer = Xavier()
    """How the kernel starts."""
    bias_initializer: Initializer = Constant()
    """How the bias starts."""
    kernel_rate: float = Field(default=1.0, ge=0)
    """Factor on the learning rate of the kernel."""
    bias_rate: float = Field(default=1.0, ge=0)
    """Factor on the learning rate of the bias."""
    kernel_decay: float = Field(default=1.0, ge=0)
    """Factor on the weight decay of the kernel."""
    bias_decay: float = Field(default=1.0, ge=0)
    """Factor on the weight decay of the bias."""

    def _weights(self, kernel: Shape) -> dict[str, Parameter]:
        rate, decay = self.kernel_rate, self.kernel_decay
        weights = {"kernel": Parameter(kernel, self.kernel_initializer, True, rate, decay, kernel=True)}
        if self.bias:
            weights["bias"] = Parameter(kernel[:1], self.bias_initializer, True, self.bias_rate, self.bias_decay)
        return weights


class Conv(_Weighted):
    """Cross-correlation: ``y[o, i, j] = bias[o] + Σ kernel[o, c, u, v]·x[c, i·stride + u·dilation, …]``.

    Canonical ``kernel`` ``[filters, C/groups, kh, kw]``, ``bias`` ``[filters]``. Output channel o of group g sees the
    input channels of group g.
    """

    kind: ClassVar = "conv"
    filters: int = Field(ge=1)
    """Number of output channels."""
    kernel: Pair
    """Size of the window."""
    stride: Pair = (1, 1)
    """Distance between windows."""
    padding: Sides = (0, 0, 0, 0)
    """Rows and columns of zeros around the picture."""
    dilation: Pair = (1, 1)
    """Distance between the elements of a window."""
    groups: int = Field(default=1, ge=1)
    """Number of groups that channels are divided into."""

    def windows(self, shape: Shape) -> Windows:
        """Where the windows lie over ``shape``."""
        return slide(shape, self.kernel, self.stride, self.padding, dilation=self.dilation)

    def output(self, *inputs: Shape) -> Shape:
        """``[filters, h, w]``."""
        windows = self.windows(inputs[0])
        if inputs[0][0] % self.groups or self.filters % self.groups:
            raise ShapeMismatch(
                f"channels and filters divisible by groups = {self.groups}",
                f"{inputs[0][0]} channels and {self.filters} filters",
                "Change groups or filters.",
            )
        return (self.filters, *windows.output)

    def parameters(self, *inputs: Shape) -> dict[str, Parameter]:
        """``kernel`` and ``bias``."""
        return self._weights((self.filters, inputs[0][0] // self.groups, *self.kernel))

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Two per weight and window, one per bias addition."""
        per_output = 2 * inputs[0][0] // self.groups * math.prod(self.kernel)
        return math.prod(output) * (per_output + self.bias)


class Dense(_Weighted):
    """``y = kernel·x + bias``; a picture is flattened in C, H, W order first.

    Canonical ``kernel`` ``[units, F]``, ``bias`` ``[units]``.
    """

    kind: ClassVar = "dense"
    units: int = Field(ge=1)
    """Number of outputs."""

    def output(self, *inputs: Shape) -> Shape:
        """``[units]``."""
        return (self.units,)

    def parameters(self, *inputs: Shape) -> dict[str, Parameter]:
        """``kernel`` and ``bias``."""
        return self._weights((self.units, math.prod(inputs[0])))

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Two per weight, one per bias addition."""
        return self.units * (2 * math.prod(inputs[0]) + self.bias)
