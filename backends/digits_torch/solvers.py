"""The update rules, one function each, as `digits_core.spec.update_rules` and `later_rules` write them.

Torch's fused kernels are used where their arithmetic is the formula, since they read and write every weight once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.optim.adam import adam as torch_adam
from torch.optim.sgd import sgd as torch_sgd

from digits_core.spec.solver import (
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    Lamb,
    Lars,
    Lion,
    Nesterov,
    Rmsprop,
    Sgd,
)
from digits_torch.arrays import Group

#: (solver, weights and slots, their gradients without decay, learning rate, step): updates in place
Rule: TypeAlias = Callable[[Any, Group, list[Tensor], float, int], None]


def sgd(solver: Sgd | Nesterov, group: Group, gradients: list[Tensor], rate: float, step: int) -> None:
    """``v = μ·v + g ; w −= lr·v``, or with Nesterov ``w −= lr·(g + μ·v)``."""
    (velocity,) = group.slots
    if solver.momentum == 0:  # torch's kernel keeps no velocity then
        torch._foreach_copy_(velocity, torch._foreach_add(gradients, group.weights, alpha=group.decay))
        torch._foreach_add_(group.weights, velocity, alpha=-rate)
        return
    torch_sgd(
        group.weights,
        gradients,
        velocity,
        fused=True,
        weight_decay=group.decay,
        momentum=solver.momentum,
        lr=rate,
        dampening=0,
        nesterov=isinstance(solver, Nesterov),
        maximize=False,
    )


def adagrad(solver: Adagrad, group: Group, gradients: list[Tensor], rate: float, step: int) -> None:
    """``s += g² ; w −= lr·g/(√s + ε)``."""
    (square_sum,) = group.slots
    torch._foreach_add_(gradients, group.weights, alpha=group.decay)
    torch._foreach_addcmul_(square_sum, gradients, gradients)
    _descend_by_roots(group, gradients, square_sum, solver.epsilon, rate)


def rmsprop(solver: Rmsprop, group: Group, gradients: list[Tensor], rate: float, step: int) -> None:
    """``s = ρ·s + (1−ρ)·g² ; w −= lr·g/(√s + ε)``."""
    (mean_square,) = group.slots
    torch._foreach_add_(gradients, group.weights, alpha=group.decay)
    _remember_squares(mean_square, gradients, solver.rho)
    _descend_by_roots(group, gradients, mean_square, solver.epsilon, rate)


def adadelta(solver: Adadelta, group: Group, gradients: list[Tensor], rate: float, step: int) -> None:
    """``s = ρ·s + (1−ρ)·g² ; u = g·√(d+ε)/√(s+ε) ; d = ρ·d + (1−ρ)·u² ; w −= lr·u``."""
    mean_square, mean_square_step = group.slots
    torch._foreach_add_(gradients, group.weights, alpha=group.decay)
    _remember_squares(mean_square, gradients, solver.rho)
    for square, divides in ((mean_square_step, False), (mean_square, True)):
        root = torch._foreach_add(square, solver.epsilon)
        torch._foreach_sqrt_(root)
        (torch._foreach_div_ if divides else torch._foreach_mul_)(gradients, root)
    _remember_squares(mean_square_step, gradients, solver.rho)
    torch._foreach_add_(group.weights, gradients, alpha=-rate)


def adam(solver: Adam, group: Group, gradients: list[Tensor], rate: float, step: int) -> None:
    """``m, v ← moments of g ; w −= lr·(m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)``, t = step + 1."""
    _moments(solver, group, gradients, rate, step, group.decay)


def adamw(solver: AdamW, group: Group, gradients: list[Tensor], rate: float, step: int) -> None:
    """``m, v ← moments of ∇ ; w −= lr·((m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε) + λ·w)``, t = step + 1."""
    _decay(group, rate)
    _moments(solver, group, gradients, rate, step, 0.0)


def lion(solver: Lion, group: Group, gradients: list[Tensor], rate: float, step: int) -> None:
    """``w −= lr·(sign(β₁·m + (1−β₁)·∇) + λ·w) ; m = β₂·m + (1−β₂)·∇``."""
    (momentum,) = group.slots
    directions = torch._foreach_mul(momentum, solver.beta1)
    torch._foreach_add_(directions, gradients, alpha=1 - solver.beta1)
    torch._foreach_sign_(directions)
    _decay(group, rate)
    torch._foreach_add_(group.weights, directions, alpha=-rate)
    _remember(momentum, gradients, solver.beta2)


def lars(solver: Lars, group: Group, gradients: list[Tensor], rate: float, step: int) -> None:
    """``r = η·‖w‖/(‖∇‖ + λ·‖w‖) ; v = μ·v + r·g ; w −= lr·v``."""
    (velocity,) = group.slots
    own = _norms(group.weights)
    ratios = _where_known(group, own, _norms(gradients) + group.decay * own) * solver.trust
    torch._foreach_add_(gradients, group.weights, alpha=group.decay)
    torch._foreach_mul_(gradients, list(ratios.unbind()))
    torch._foreach_mul_(velocity, solver.momentum)
    torch._foreach_add_(velocity, gradients)
    torch._foreach_add_(group.weights, velocity, alpha=-rate)


def lamb(solver: Lamb, group: Group, gradients: list[Tensor], rate: float, step: int) -> None:
    """``u = (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε) + λ·w ; w −= lr·‖w‖/‖u‖·u``, t = step + 1."""
    first_moment, second_moment = group.slots
    _remember(first_moment, gradients, solver.beta1)
    _remember_squares(second_moment, gradients, solver.beta2)
    divisor = torch._foreach_div(second_moment, 1 - solver.beta2 ** (step + 1))
    torch._foreach_sqrt_(divisor)
    torch._foreach_add_(divisor, solver.epsilon)
    updates = torch._foreach_div(first_moment, 1 - solver.beta1 ** (step + 1))
    torch._foreach_div_(updates, divisor)
    torch._foreach_add_(updates, group.weights, alpha=group.decay)
    ratios = _where_known(group, _norms(group.weights), _norms(updates))
    torch._foreach_mul_(updates, list(ratios.unbind()))
    torch._foreach_add_(group.weights, updates, alpha=-rate)


RULES: dict[str, Rule] = {
    "sgd": sgd,
    "nesterov": sgd,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adadelta": adadelta,
    "adam": adam,
    "adamw": adamw,
    "lion": lion,
    "lars": lars,
    "lamb": lamb,
}


def _moments(solver: Adam | AdamW, group: Group, gradients: list[Tensor], rate: float, step: int, decay: float) -> None:
    first_moment, second_moment = group.slots
    steps = torch.full((len(gradients),), float(step), device=gradients[0].device)
    torch_adam(
        group.weights,
        gradients,
        first_moment,
        second_moment,
        max_exp_avg_sqs=[],
        state_steps=list(steps.unbind()),
        fused=True,
        amsgrad=False,
        beta1=solver.beta1,
        beta2=solver.beta2,
        lr=rate,
        weight_decay=decay,
        eps=solver.epsilon,
        maximize=False,
    )


def _remember(slots: list[Tensor], values: list[Tensor], memory: float) -> None:
    torch._foreach_mul_(slots, memory)
    torch._foreach_add_(slots, values, alpha=1 - memory)


def _remember_squares(squares: list[Tensor], values: list[Tensor], memory: float) -> None:
    torch._foreach_mul_(squares, memory)
    torch._foreach_addcmul_(squares, values, values, 1 - memory)


def _descend_by_roots(
    group: Group, gradients: list[Tensor], squares: list[Tensor], epsilon: float, rate: float
) -> None:
    divisor = torch._foreach_sqrt(squares)
    torch._foreach_add_(divisor, epsilon)
    torch._foreach_addcdiv_(group.weights, gradients, divisor, -rate)


def _decay(group: Group, rate: float) -> None:
    # Torch's fused AdamW multiplies by 1 − lr·λ, which rounded to float32 is another decay.
    if group.decay:
        torch._foreach_add_(group.weights, group.weights, alpha=-rate * group.decay)


def _norms(tensors: Sequence[Tensor]) -> Tensor:
    """‖·‖₂ of each, in one vector."""
    return torch.stack(torch._foreach_norm(tensors))


def _where_known(group: Group, above: Tensor, below: Tensor) -> Tensor:
    """The quotient for kernels; 1 for other weights, and where one of the two is 0."""
    return torch.where(group.kernels & (above > 0) & (below > 0), above / below, 1.0)
