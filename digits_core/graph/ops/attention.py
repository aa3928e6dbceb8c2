"""Operations of transformers on sequences of tokens, ``[C, N, 1]``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from digits_core.graph.initializers import TruncatedNormal
from digits_core.graph.ops.op import Op, Parameter
from digits_core.graph.ops.shaping import require_tokens
from digits_core.graph.shapes import Shape, ShapeMismatch


class Position(Op):
    """``x + embedding``: a learned number for every element, so that tokens know where they stand.

    Canonical ``embedding`` has the shape of the input.
    Source: Dosovitskiy et al., *An Image is Worth 16x16 Words*, 2021, https://arxiv.org/abs/2010.11929.
    """

    kind: ClassVar = "position"

    def parameters(self, *inputs: Shape) -> dict[str, Parameter]:
        """``embedding``, truncated normal with a standard deviation of 0.02."""
        return {"embedding": Parameter(inputs[0], TruncatedNormal(std=0.02))}


class Attention(Op):
    """Each token's mixture of all tokens: ``softmax(Q·Kᵀ/√d)·V`` in every head, ``[3·D, N, 1]`` to ``[D, N, 1]``.

    The channels of the input are the queries, keys and values, a third each; inside of a third the d channels of the
    first head come first, then those of the second. The output has the heads in the same order. Projections before and
    after are convolutions of one pixel.
    Source: Vaswani et al., *Attention Is All You Need*, 2017, https://arxiv.org/abs/1706.03762.
    """

    kind: ClassVar = "attention"
    heads: int = Field(default=1, ge=1)
    """Number of heads; D is divided among them."""

    def output(self, *inputs: Shape) -> Shape:
        """``[D, N, 1]``."""
        require_tokens(inputs[0])
        channels = inputs[0][0]
        if channels % (3 * self.heads):
            raise ShapeMismatch(
                f"channels divisible by 3·heads = {3 * self.heads}: queries, keys and values",
                str(channels),
                "Change heads or the convolution before it.",
            )
        return (channels // 3, *inputs[0][1:])

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Two per multiplication in ``Q·Kᵀ`` and in ``·V``, four per element of the softmax and its scale."""
        channels, tokens, _ = output
        return 4 * tokens**2 * channels + 4 * self.heads * tokens**2

    def kept(self, output: Shape) -> int:
        """Its output, and the softmax of every head; kernels that compute that again keep less."""
        return math.prod(output) + self.heads * output[1] ** 2
