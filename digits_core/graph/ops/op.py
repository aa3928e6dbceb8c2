"""What every operation is: typed data that knows the shape it gives, its weights and its cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from digits_core.graph.initializers import Initializer
from digits_core.graph.shapes import Shape
from digits_core.spec.model import Spec


@dataclass(frozen=True, slots=True)
class Parameter:
    """An array that belongs to a layer.

    Attributes:
        shape: Its canonical shape.
        initializer: How it starts.
        trainable: Whether the solver changes it; batch norm's running statistics, the mean picture and what is frozen
            are not.
        rate_multiplier: Factor on the learning rate.
        decay_multiplier: Factor on the weight decay.
        kernel: Whether it is a kernel, rather than a bias, a norm's scale or offset, a token or an embedding.
    """

    shape: Shape
    initializer: Initializer
    trainable: bool = True
    rate_multiplier: float = 1.0
    decay_multiplier: float = 1.0
    kernel: bool = False

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


class Op(Spec):
    """One kind of operation; subclasses are leaves."""

    #: What users write.
    kind: ClassVar[str]
    #: How many inputs it takes, as (at least, at most); None: any number.
    arity: ClassVar[tuple[int, int | None]] = (1, 1)

    def output(self, *inputs: Shape) -> Shape:
        """The shape it gives; most operations keep the one they are given.

        Raises:
            ShapeMismatch: If it cannot work on ``inputs``.
        """
        return inputs[0]

    def parameters(self, *inputs: Shape) -> dict[str, Parameter]:
        """Its weights by local name; most operations have none."""
        return {}

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Floating point operations per picture; one per element given unless it says otherwise."""
        return math.prod(output)

    def kept(self, output: Shape) -> int:
        """Elements per picture that training keeps for the backward pass; its output unless it says otherwise."""
        return math.prod(output)
