"""The update rules, one function each, as `digits_core.spec.solver` writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from digits_core.spec.solver import Adagrad, Adam, Nesterov, Sgd
from digits_numpy.arrays import Array

#: (solver, gradient with decay, slots, step) → (what the learning rate multiplies, new slots)
Rule: TypeAlias = Callable[[Any, Array, dict[str, Array], int], tuple[Array, dict[str, Array]]]


def sgd(solver: Sgd, g: Array, slots: dict[str, Array], step: int) -> tuple[Array, dict[str, Array]]:
    """``v = μ·v + g ; u = v``."""
    v = solver.momentum * slots["velocity"] + g
    return v, {"velocity": v}


def nesterov(solver: Nesterov, g: Array, slots: dict[str, Array], step: int) -> tuple[Array, dict[str, Array]]:
    """``v = μ·v + g ; u = g + μ·v``."""
    v = solver.momentum * slots["velocity"] + g
    return g + solver.momentum * v, {"velocity": v}


def adagrad(solver: Adagrad, g: Array, slots: dict[str, Array], step: int) -> tuple[Array, dict[str, Array]]:
    """``s += g² ; u = g/(√s + ε)``."""
    s = slots["square_sum"] + g * g
    return g / (np.sqrt(s) + solver.epsilon), {"square_sum": s}


def adam(solver: Adam, g: Array, slots: dict[str, Array], step: int) -> tuple[Array, dict[str, Array]]:
    """``m, v ← moments ; u = (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)``, t = step + 1."""
    m = solver.beta1 * slots["first_moment"] + (1 - solver.beta1) * g
    v = solver.beta2 * slots["second_moment"] + (1 - solver.beta2) * g * g
    t = step + 1
    unbiased = np.sqrt(v / (1 - solver.beta2**t))
    return m / (1 - solver.beta1**t) / (unbiased + solver.epsilon), {"first_moment": m, "second_moment": v}


RULES: dict[str, Rule] = {"sgd": sgd, "nesterov": nesterov, "adagrad": adagrad, "adam": adam}


def clip_factor(gradients: dict[str, Array], clip: float | None) -> float:
    """By what a gradient is multiplied so that its norm over all weights is ``clip`` at most."""
    if clip is None:
        return 1.0
    norm = float(np.sqrt(sum(np.sum(np.square(gradient, dtype=np.float64)) for gradient in gradients.values())))
    return clip / max(norm, clip)
