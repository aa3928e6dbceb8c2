"""Rules that came after DIGITS: decoupled weight decay, signs, and rates of their own for every layer.

Symbols as in `digits_core.spec.update_rules`. A *kernel* is what convolutions and dense layers multiply with; biases,
the scales and offsets of norms, tokens and embeddings are none.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from digits_core.spec.update_rules import SolverBase


class AdamW(SolverBase):
    """Adam with decay beside the gradient, with t = step + 1.

    ``m = β₁·m + (1−β₁)·∇ ; v = β₂·v + (1−β₂)·∇² ; w −= lr·((m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε) + λ·w)``

    Source: Loshchilov, Hutter, *Decoupled Weight Decay Regularization*, 2017, https://arxiv.org/abs/1711.05101.
    """

    slots: ClassVar = ("first_moment", "second_moment")
    usual_decay: ClassVar = 0.01
    name: Literal["adamw"] = "adamw"
    rate: float = Field(default=0.001, gt=0)
    """Base learning rate."""
    beta1: float = Field(default=0.9, ge=0, lt=1)
    """β₁, memory of the gradient."""
    beta2: float = Field(default=0.999, ge=0, lt=1)
    """β₂, memory of the squared gradient."""
    epsilon: float = Field(default=1e-8, gt=0)
    """ε, keeps the quotient finite."""


class Lion(SolverBase):
    """Steps of one size in every direction: ``w −= lr·(sign(β₁·m + (1−β₁)·∇) + λ·w) ; m = β₂·m + (1−β₂)·∇``.

    The sign of 0 is 0. It wants a rate three to ten times smaller than adamw's and a decay as many times larger.

    Source: Chen et al., *Symbolic Discovery of Optimization Algorithms*, 2023, https://arxiv.org/abs/2302.06675.
    """

    slots: ClassVar = ("momentum",)
    usual_decay: ClassVar = 0.1
    name: Literal["lion"] = "lion"
    rate: float = Field(default=0.0001, gt=0)
    """Base learning rate."""
    beta1: float = Field(default=0.9, ge=0, lt=1)
    """β₁, share of the memory in a step."""
    beta2: float = Field(default=0.99, ge=0, lt=1)
    """β₂, memory of the gradient."""


class Lars(SolverBase):
    """Momentum with a rate of its own for each kernel, for large batches.

    ``r = η·‖w‖/(‖∇‖ + λ·‖w‖) ; v = μ·v + r·g ; w −= lr·v``, the norms being those of one kernel. r is η for what is no
    kernel, and where a norm is 0. As everywhere here, the rate stays outside the momentum; in the paper it is inside.

    Source: You, Gitman, Ginsburg, *Large Batch Training of Convolutional Networks*, 2017,
    https://arxiv.org/abs/1708.03888.
    """

    slots: ClassVar = ("velocity",)
    usual_decay: ClassVar = 0.0005
    name: Literal["lars"] = "lars"
    rate: float = Field(default=1.0, gt=0)
    """Base learning rate."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """μ, the share of the last step that is kept."""
    trust: float = Field(default=0.001, gt=0)
    """η, the size of a step as a share of the kernel's own."""


class Lamb(SolverBase):
    """AdamW with a step as large as the kernel, times the rate, for large batches; t = step + 1.

    ``m = β₁·m + (1−β₁)·∇ ; v = β₂·v + (1−β₂)·∇² ; u = (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε) + λ·w ; w −= lr·r·u``

    ``r = ‖w‖/‖u‖``, the norms being those of one kernel; r is 1 for what is no kernel, and where a norm is 0.

    Source: You et al., *Large Batch Optimization for Deep Learning: Training BERT in 76 minutes*, 2019,
    https://arxiv.org/abs/1904.00962.
    """

    slots: ClassVar = ("first_moment", "second_moment")
    usual_decay: ClassVar = 0.01
    name: Literal["lamb"] = "lamb"
    rate: float = Field(default=0.005, gt=0)
    """Base learning rate."""
    beta1: float = Field(default=0.9, ge=0, lt=1)
    """β₁, memory of the gradient."""
    beta2: float = Field(default=0.999, ge=0, lt=1)
    """β₂, memory of the squared gradient."""
    epsilon: float = Field(default=1e-6, gt=0)
    """ε, keeps the quotient finite."""
