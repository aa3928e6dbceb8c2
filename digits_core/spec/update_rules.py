"""What all solvers share, and the rules that DIGITS offered.

In every formula ``∇ = gradient·min(1, clip/‖gradient‖)``, ‖gradient‖ being the L2 norm over all trained weights
together; ``λ = decay·decay_multiplier``, ``g = ∇ + λ·w`` and ``lr = rate·rate_multiplier``. The numpy backend is their
executable form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from digits_core.spec.model import Spec

#: The array that a moving average of a weight is kept in, beside the slots of the rule.
AVERAGE = "average"


class SolverBase(Spec):
    """What all solvers share."""

    #: Names of the arrays a rule keeps per trained weight, each of the weight's shape, starting at zero.
    slots: ClassVar[tuple[str, ...]]
    #: Decay where none is asked for; None: rate / 100.
    usual_decay: ClassVar[float | None] = None
    #: Of a plugin's solver: its rule for each backend, by the backend's name, as ``package.module:attribute``.
    rules: ClassVar[Mapping[str, str]] = {}

    name: str
    """Which solver it is."""
    rate: float = Field(default=0.01, gt=0)
    """Base learning rate."""
    decay: float | None = Field(default=None, ge=0)
    """Weight decay; empty: rate / 100, as DIGITS did; for adamw, lion, lars and lamb what their papers say."""
    clip: float | None = Field(default=None, gt=0)
    """Largest L2 norm of the gradient of all weights together: a larger one is scaled down to it; empty: any.

    Source: Pascanu, Mikolov, Bengio, *On the difficulty of training recurrent neural networks*, 2013,
    https://proceedings.mlr.press/v28/pascanu13.html.
    """
    average: float | None = Field(default=None, ge=0, lt=1)
    """Memory d of a moving average of the weights, with which is validated and classified; empty: none is kept.

    After every step ``a += max(1 − d, 9/(10 + step))·(w − a)``, from ``a = w`` at the start: the second term makes the
    memory short while training is young. Source: Polyak, Juditsky, *Acceleration of Stochastic Approximation by
    Averaging*, 1992, https://doi.org/10.1137/0330046; the short memory is that of TensorFlow's
    ``ExponentialMovingAverage``.
    """

    @property
    def weight_decay(self) -> float:
        """The decay in force."""
        if self.decay is not None:
            return self.decay
        return self.rate / 100 if self.usual_decay is None else self.usual_decay

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of all arrays that are kept per trained weight: the slots, and the average if there is one."""
        return self.slots if self.average is None else (*self.slots, AVERAGE)


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


class Rmsprop(SolverBase):
    """Root mean square of the gradient: ``s = ρ·s + (1−ρ)·g² ; w −= lr·g/(√s + ε)``.

    Source: Tieleman, Hinton, *Lecture 6.5: RMSProp*, Neural Networks for Machine Learning, 2012,
    https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf.
    """

    slots: ClassVar = ("mean_square",)
    name: Literal["rmsprop"] = "rmsprop"
    rate: float = Field(default=0.001, gt=0)
    """Base learning rate."""
    rho: float = Field(default=0.99, ge=0, lt=1)
    """ρ, memory of the squared gradient."""
    epsilon: float = Field(default=1e-8, gt=0)
    """ε, keeps the quotient finite."""


class Adadelta(SolverBase):
    """Steps in the unit of the weights: ``s = ρ·s + (1−ρ)·g² ; u = g·√(d+ε)/√(s+ε) ; w −= lr·u``.

    ``d = ρ·d + (1−ρ)·u²`` remembers the steps that were taken. It finds their size by itself, slowly from a very small
    one; the paper has no rate, which is a rate of 1.

    Source: Zeiler, *ADADELTA: An Adaptive Learning Rate Method*, 2012, https://arxiv.org/abs/1212.5701.
    """

    slots: ClassVar = ("mean_square", "mean_square_step")
    name: Literal["adadelta"] = "adadelta"
    rate: float = Field(default=1.0, gt=0)
    """Base learning rate."""
    rho: float = Field(default=0.95, ge=0, lt=1)
    """ρ, memory of the squared gradient and of the squared step."""
    epsilon: float = Field(default=1e-6, gt=0)
    """ε, the square of the first step, as it were."""


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
