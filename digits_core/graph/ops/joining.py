"""Operations that make one of several branches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from digits_core.graph.ops.op import Op
from digits_core.graph.shapes import Shape, ShapeMismatch


class Concat(Op):
    """Joins channels, in the order of the inputs."""

    kind: ClassVar = "concat"
    arity: ClassVar = (2, None)

    def output(self, *inputs: Shape) -> Shape:
        """``[ΣC, H, W]``."""
        if len({shape[1:] for shape in inputs}) > 1:
            raise ShapeMismatch(
                "inputs of equal height and width",
                ", ".join(str(list(shape)) for shape in inputs),
                "Pad or pool the branches to the same size.",
            )
        return (sum(shape[0] for shape in inputs), *inputs[0][1:])

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """None: it only moves."""
        return 0


class Add(Op):
    """The sum of its inputs, element by element."""

    kind: ClassVar = "add"
    arity: ClassVar = (2, None)

    def output(self, *inputs: Shape) -> Shape:
        """The shape of each input."""
        if len(set(inputs)) > 1:
            raise ShapeMismatch(
                "inputs of equal shape",
                ", ".join(str(list(shape)) for shape in inputs),
                "Bring the branches to one shape, for example by a 1×1 convolution.",
            )
        return inputs[0]

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """One per element and further input."""
        return math.prod(output) * (len(inputs) - 1)


class Multiply(Op):
    """The product of two inputs, element by element; the second may have one value per channel, ``[C, 1, 1]``.

    So squeeze-excite is a composition: global average pool, convolutions of one pixel, a sigmoid, and this.
    Source: Hu et al., *Squeeze-and-Excitation Networks*, 2018, https://arxiv.org/abs/1709.01507.
    """

    kind: ClassVar = "multiply"
    arity: ClassVar = (2, 2)

    def output(self, *inputs: Shape) -> Shape:
        """The shape of the first input."""
        first, second = inputs
        if second not in (first, (first[0], 1, 1)[: len(first)]):
            raise ShapeMismatch(
                f"a second input {list(first)} or [{first[0]}, 1, 1]",
                f"{list(first)} and {list(second)}",
                "Bring the second input to that shape, for example by a global average pool.",
            )
        return first
