"""Operations that leave something out while training."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from digits_core.graph.ops.op import Op


class Dropout(Op):
    """While training each element is 0 with probability ``rate``, else ``x / (1 − rate)``; otherwise ``x``.

    The mask is a pure function of (seed, layer, step, row, element), the same in every backend: see ``graph.dropout``.
    Source: Srivastava et al., *Dropout*, 2014, https://jmlr.org/papers/v15/srivastava14a.html.
    """

    kind: ClassVar = "dropout"
    rate: float = Field(default=0.5, ge=0, lt=1)
    """Probability of 0."""


class StochasticDepth(Op):
    """While training a whole row is 0 with probability ``rate``, else ``x / (1 − rate)``; otherwise ``x``.

    It ends a residual branch, which so is left out for some pictures of a batch. The mask is a pure function of (seed,
    layer, step, row): that of dropout with one element per row, see ``graph.dropout``.
    Source: Huang et al., *Deep Networks with Stochastic Depth*, 2016, https://arxiv.org/abs/1603.09382.
    """

    kind: ClassVar = "stochastic_depth"
    rate: float = Field(default=0.1, ge=0, lt=1)
    """Probability of 0."""
