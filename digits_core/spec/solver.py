"""Solvers: the rule that turns a gradient into the next weights, as typed data.

The arithmetic is the same in every backend; the numpy backend is its executable form. In every formula
``g = gradient·min(1, clip/‖gradient‖) + decay·decay_multiplier·w`` and ``lr = rate·rate_multiplier``; ‖gradient‖ is
the L2 norm over all trainable weights together.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from digits_core.spec.model import Spec


class SolverBase(Spec):
    """What all solvers share."""

    #: Names of the arrays a solver keeps per trainable weight, each of the weight's shape, starting at zero.
    slots: ClassVar[tuple[str, ...]]

    name: str
    """Which solver it is."""
    rate: float = Field(default=0.01, gt=0)
    """Base learning rate."""
    decay: float | None = Field(default=None, ge=0)
    """L2 weight decay; empty: rate / 100, as DIGITS did."""
    clip: float | None = Field(default=None, gt=0)
    """Largest L2 norm of the gradient of all weights together: a larger one is scaled down to it; empty: any.

    Source: Pascanu, Mikolov, Bengio, *On the difficulty of training recurrent neural networks*, 2013,
    https://proceedings.mlr.press/v28/pascanu13.html.
    """

    @property
    def weight_decay(self) -> float:
        """The decay in force."""
        return self.rate / 100 if self.decay is None else self.decay


class Sgd(SolverBase):
    """Stochastic gradient descent with momentum: ``v = μ·v + g ; w −= lr·v``.

    Source: Polyak, *Some methods of speeding up the convergence of iteration methods*, 1964,
    https://doi.org/10.1016/0041-5553(64)90137-5.
    """

    slots: ClassVar = ("velocity",)
    name: Literal["sgd"] = "sgd"
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """μ, the share of the last step that is kept."""


class Nesterov(SolverBase):
    """Nesterov's accelerated gradient: ``v = μ·v + g ; w −= lr·(g + μ·v)``.

    Source: Sutskever et al., *On the importance of initialization and momentum in deep learning*, 2013,
    https://proceedings.mlr.press/v28/sutskever13.html.
    """

    slots: ClassVar = ("velocity",)
    name: Literal["nesterov"] = "nesterov"
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """μ, the share of the last step that is kept."""


class Adagrad(SolverBase):
    """Adaptive gradient: ``s += g² ; w −= lr·g/(√s + ε)``.

    Source: Duchi, Hazan, Singer, *Adaptive Subgradient Methods*, 2011, https://jmlr.org/papers/v12/duchi11a.html.
    """

    slots: ClassVar = ("square_sum",)
    name: Literal["adagrad"] = "adagrad"
    epsilon: float = Field(default=1e-10, gt=0)
    """ε, keeps the quotient finite."""


class Adam(SolverBase):
    """Adaptive moments, with t = step + 1.

    ``m = β₁·m + (1−β₁)·g ; v = β₂·v + (1−β₂)·g² ; w −= lr·(m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)``

    Source: Kingma, Ba, *Adam: A Method for Stochastic Optimization*, 2014, https://arxiv.org/abs/1412.6980.
    """

    slots: ClassVar = ("first_moment", "second_moment")
    name: Literal["adam"] = "adam"
    beta1: float = Field(default=0.9, ge=0, lt=1)
    """β₁, memory of the gradient."""
    beta2: float = Field(default=0.999, ge=0, lt=1)
    """β₂, memory of the squared gradient."""
    epsilon: float = Field(default=1e-8, gt=0)
    """ε, keeps the quotient finite."""


Solver = Annotated[Sgd | Nesterov | Adagrad | Adam, Field(discriminator="name")]
SOLVERS: dict[str, type[Sgd | Nesterov | Adagrad | Adam]] = {
    "sgd": Sgd,
    "nesterov": Nesterov,
    "adagrad": Adagrad,
    "adam": Adam,
}
