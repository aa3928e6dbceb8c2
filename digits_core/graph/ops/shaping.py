"""Operations that lay the same numbers out in another shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from digits_core.graph.initializers import Constant
from digits_core.graph.ops.op import Op, Parameter
from digits_core.graph.shapes import Shape, ShapeMismatch, require_picture


class Flatten(Op):
    """``[C, H, W]`` to ``[C·H·W]``, in that order."""

    kind: ClassVar = "flatten"

    def output(self, *inputs: Shape) -> Shape:
        """``[C·H·W]``."""
        return (math.prod(inputs[0]),)

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """None: it only moves."""
        return 0

    def kept(self, output: Shape) -> int:
        """None: it is its input under another shape."""
        return 0


class Tokens(Op):
    """A picture as a sequence: ``[C, H, W]`` to ``[C, H·W, 1]``, row by row; tokens are its height.

    With ``class_token`` a learned one comes first, ``[C, 1 + H·W, 1]``; canonical ``token`` ``[C]``.
    Source: Dosovitskiy et al., *An Image is Worth 16x16 Words*, 2021, https://arxiv.org/abs/2010.11929.
    """

    kind: ClassVar = "tokens"
    class_token: bool = False
    """Whether a learned token comes first."""

    def output(self, *inputs: Shape) -> Shape:
        """``[C, N, 1]``."""
        require_picture(inputs[0])
        channels, height, width = inputs[0]
        return (channels, height * width + self.class_token, 1)

    def parameters(self, *inputs: Shape) -> dict[str, Parameter]:
        """``token``, if it is learned; it begins as 0."""
        return {"token": Parameter(inputs[0][:1], Constant())} if self.class_token else {}

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """None: it only moves."""
        return 0

    def kept(self, output: Shape) -> int:
        """None, unless a token had to be put in front."""
        return math.prod(output) if self.class_token else 0


class Token(Op):
    """One token of a sequence: ``[C, N, 1]`` to ``[C]``."""

    kind: ClassVar = "token"
    index: int = Field(default=0, ge=0)
    """Which one, from 0."""

    def output(self, *inputs: Shape) -> Shape:
        """``[C]``."""
        require_tokens(inputs[0])
        if self.index >= inputs[0][1]:
            raise ShapeMismatch(f"more than {self.index} tokens", str(inputs[0][1]), "Use a smaller index.")
        return inputs[0][:1]

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """None: it only moves."""
        return 0


def require_tokens(shape: Shape) -> None:
    """Refuse what is not a sequence ``[C, N, 1]``.

    Raises:
        ShapeMismatch: If ``shape`` is not one.
    """
    if len(shape) != 3 or shape[2] != 1:
        raise ShapeMismatch("a sequence of tokens [C, N, 1]", f"shape {list(shape)}", "Put op tokens before it.")
