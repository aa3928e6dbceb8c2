"""One update, whatever the solver: gradients are taken, clipped and applied, and averages follow."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from digits_core.spec.solver import SolverBase
from digits_torch.arrays import Group
from digits_torch.solvers import Rule


def update(
    rule: Rule,
    solver: SolverBase,
    groups: Sequence[Group],
    gradients: Sequence[list[Tensor]],
    learning_rate: float,
    step: int,
) -> None:
    """Clip gradients, apply them, and move the averages of the weights.

    Args:
        rule: How.
        solver: The constants of the rule.
        groups: Weights and slots.
        gradients: For each group those of its weights; overwritten.
        learning_rate: The rate of this step.
        step: Steps done so far.
    """
    with torch.no_grad():
        if solver.clip is not None:
            clip([gradient for group in gradients for gradient in group], solver.clip)
        for group, own in zip(groups, gradients, strict=True):
            rule(solver, group, own, learning_rate * group.rate_multiplier, step)
            if solver.average is not None:
                _move_averages(group, max(1 - solver.average, 9 / (10 + step)))


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


def _move_averages(group: Group, share: float) -> None:
    # Not as a lerp, which is slow on processors, nor by a product with 1 − share, which loses digits.
    torch._foreach_add_(group.averages, torch._foreach_sub(group.weights, group.averages), alpha=share)
