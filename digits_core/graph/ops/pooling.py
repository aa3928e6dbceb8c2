"""Operations that summarise windows of a picture, or all of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from digits_core.graph.ops.op import Op
from digits_core.graph.shapes import Pair, Shape, ShapeMismatch, Sides, Windows, require_picture, slide


class _Pool(Op):
    """Fields that pooling operations share."""

    kernel: Pair
    """Size of the window."""
    stride: Pair = (1, 1)
    """Distance between windows."""
    padding: Sides = (0, 0, 0, 0)
    """Rows and columns around the picture."""
    ceil_mode: bool = False
    """Whether a window may hang over the end, so that the last pixels are seen (Caffe does)."""

    def windows(self, shape: Shape) -> Windows:
        """Where the windows lie over ``shape``."""
        return slide(shape, self.kernel, self.stride, self.padding, ceil_mode=self.ceil_mode)

    def output(self, *inputs: Shape) -> Shape:
        """``[C, h, w]``."""
        for axis, word in enumerate(("height", "width")):
            before, after = self.padding[2 * axis : 2 * axis + 2]
            if max(before, after) >= self.kernel[axis]:
                raise ShapeMismatch(
                    f"padding smaller than the kernel's {word} {self.kernel[axis]}",
                    str(max(before, after)),
                    "Use less padding.",
                )
        return (inputs[0][0], *self.windows(inputs[0]).output)

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """One per element of each window."""
        return math.prod(output) * math.prod(self.kernel)


class MaxPool(_Pool):
    """The largest element of each window; padding is −∞."""

    kind: ClassVar = "max_pool"


class AveragePool(_Pool):
    """The mean of each window.

    With ``count_include_pad`` the divisor counts asked-for padding (as zeros), else only pixels; rows and columns that
    ceil mode adds never count.
    """

    kind: ClassVar = "average_pool"
    count_include_pad: bool = True
    """Whether padding counts in the divisor."""

    def countable(self, shape: Shape) -> tuple[list[int], list[int]]:
        """How many rows, and how many columns, count in each window over ``shape``: the divisor is their product."""
        windows = self.windows(shape)
        counts: tuple[list[int], list[int]] = ([], [])
        for axis, found in enumerate(counts):
            before, after = self.padding[2 * axis : 2 * axis + 2] if self.count_include_pad else (0, 0)
            first, last = -before, shape[axis + 1] + after
            for index in range(windows.output[axis]):
                start = index * self.stride[axis] - self.padding[2 * axis]
                found.append(min(start + self.kernel[axis], last) - max(start, first))
        return counts


class GlobalAveragePool(Op):
    """The mean of each channel, ``[C, 1, 1]``."""

    kind: ClassVar = "global_average_pool"

    def output(self, *inputs: Shape) -> Shape:
        """``[C, 1, 1]``."""
        require_picture(inputs[0])
        return (inputs[0][0], 1, 1)

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """One per input element."""
        return math.prod(inputs[0])
