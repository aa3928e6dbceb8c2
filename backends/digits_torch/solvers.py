"""The update rules, one function each, as `digits_core.spec.solver` writes them.

Torch's fused kernels are used where their arithmetic is the formula, since they read and write every weight once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.optim.adam import adam as torch_adam
from torch.optim.sgd import sgd as torch_sgd

from digits_core.spec.solver import Adagrad, Adam, Nesterov, Sgd, SolverBase
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
    divisor = torch._foreach_sqrt(square_sum)
    torch._foreach_add_(divisor, solver.epsilon)
    torch._foreach_addcdiv_(group.weights, gradients, divisor, -rate)


def adam(solver: Adam, group: Group, gradients: list[Tensor], rate: float, step: int) -> None:
    """``m, v ← moments ; w −= lr·(m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)``, t = step + 1."""
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
        weight_decay=group.decay,
        eps=solver.epsilon,
        maximize=False,
    )


RULES: dict[str, Rule] = {"sgd": sgd, "nesterov": sgd, "adagrad": adagrad, "adam": adam}


def update(
    solver: SolverBase, groups: Sequence[Group], gradients: Sequence[list[Tensor]], learning_rate: float, step: int
) -> None:
    """Clip gradients and apply them.

    Args:
        solver: The rule and its constants.
        groups: Weights and slots.
        gradients: For each group those of its weights; overwritten.
        learning_rate: The rate of this step.
        step: Steps done so far.
    """
    rule = RULES[solver.name]
    with torch.no_grad():
        if solver.clip is not None:
            clip([gradient for group in gradients for gradient in group], solver.clip)
        for group, own in zip(groups, gradients, strict=True):
            rule(solver, group, own, learning_rate * group.rate_multiplier, step)


def take_gradients(groups: Sequence[Group]) -> list[list[Tensor]]:
    """The gradients that backward passes have left at the weights of each group, which lose them."""
    return [_take(group) for group in groups]


def clip(gradients: list[Tensor], bound: float) -> None:
    """``gradient·bound / max(‖gradients‖₂, bound)``, in place."""
    norm = torch.nn.utils.get_total_norm(gradients)
    torch._foreach_mul_(gradients, bound / norm.clamp(min=bound))


def _take(group: Group) -> list[Tensor]:
    gradients = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in group.weights]
    for weight in group.weights:
        weight.grad = None
    return gradients
