"""The update rules, one function each, as `digits_core.spec.update_rules` and `later_rules` write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

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
from digits_numpy.arrays import Array

#: Slots of one weight by name.
Slots: TypeAlias = dict[str, Array]


@dataclass(frozen=True, slots=True)
class Turn:
    """One weight at one step.

    Attributes:
        w: The weight.
        gradient: Its gradient, clipped: ∇.
        decay: λ, multiplied.
        kernel: Whether it is a kernel.
        t: Steps done, with this one.
    """

    w: Array
    gradient: Array
    decay: float
    kernel: bool
    t: int

    @property
    def g(self) -> Array:
        """``∇ + λ·w``."""
        return self.gradient + self.decay * self.w


#: (solver, turn, slots) → (what the learning rate multiplies, new slots)
Rule: TypeAlias = Callable[[Any, Turn, Slots], tuple[Array, Slots]]


def sgd(solver: Sgd, turn: Turn, slots: Slots) -> tuple[Array, Slots]:
    """``v = μ·v + g ; u = v``."""
    v = solver.momentum * slots["velocity"] + turn.g
    return v, {"velocity": v}


def nesterov(solver: Nesterov, turn: Turn, slots: Slots) -> tuple[Array, Slots]:
    """``v = μ·v + g ; u = g + μ·v``."""
    v = solver.momentum * slots["velocity"] + turn.g
    return turn.g + solver.momentum * v, {"velocity": v}


def adagrad(solver: Adagrad, turn: Turn, slots: Slots) -> tuple[Array, Slots]:
    """``s += g² ; u = g/(√s + ε)``."""
    s = slots["square_sum"] + turn.g**2
    return turn.g / (np.sqrt(s) + solver.epsilon), {"square_sum": s}


def rmsprop(solver: Rmsprop, turn: Turn, slots: Slots) -> tuple[Array, Slots]:
    """``s = ρ·s + (1−ρ)·g² ; u = g/(√s + ε)``."""
    s = solver.rho * slots["mean_square"] + (1 - solver.rho) * turn.g**2
    return turn.g / (np.sqrt(s) + solver.epsilon), {"mean_square": s}


def adadelta(solver: Adadelta, turn: Turn, slots: Slots) -> tuple[Array, Slots]:
    """``s = ρ·s + (1−ρ)·g² ; u = g·√(d+ε)/√(s+ε) ; d = ρ·d + (1−ρ)·u²``."""
    s = solver.rho * slots["mean_square"] + (1 - solver.rho) * turn.g**2
    u = turn.g * np.sqrt(slots["mean_square_step"] + solver.epsilon) / np.sqrt(s + solver.epsilon)
    d = solver.rho * slots["mean_square_step"] + (1 - solver.rho) * u**2
    return u, {"mean_square": s, "mean_square_step": d}


def adam(solver: Adam, turn: Turn, slots: Slots) -> tuple[Array, Slots]:
    """``m, v ← moments of g ; u = (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)``."""
    return _moments(solver, turn.g, turn.t, slots)


def adamw(solver: AdamW, turn: Turn, slots: Slots) -> tuple[Array, Slots]:
    """``m, v ← moments of ∇ ; u = (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε) + λ·w``."""
    u, slots = _moments(solver, turn.gradient, turn.t, slots)
    return u + turn.decay * turn.w, slots


def lion(solver: Lion, turn: Turn, slots: Slots) -> tuple[Array, Slots]:
    """``u = sign(β₁·m + (1−β₁)·∇) + λ·w ; m = β₂·m + (1−β₂)·∇``."""
    m = slots["momentum"]
    u = np.sign(solver.beta1 * m + (1 - solver.beta1) * turn.gradient) + turn.decay * turn.w
    return u, {"momentum": solver.beta2 * m + (1 - solver.beta2) * turn.gradient}


def lars(solver: Lars, turn: Turn, slots: Slots) -> tuple[Array, Slots]:
    """``r = η·‖w‖/(‖∇‖ + λ·‖w‖) ; v = μ·v + r·g ; u = v``."""
    weight = _norm(turn.w)
    r = solver.trust * (_quotient(weight, _norm(turn.gradient) + turn.decay * weight) if turn.kernel else 1.0)
    v = solver.momentum * slots["velocity"] + r * turn.g
    return v, {"velocity": v}


def lamb(solver: Lamb, turn: Turn, slots: Slots) -> tuple[Array, Slots]:
    """``u = (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε) + λ·w``, and that times ``r = ‖w‖/‖u‖``."""
    u, slots = _moments(solver, turn.gradient, turn.t, slots)
    u = u + turn.decay * turn.w
    return (_quotient(_norm(turn.w), _norm(u)) if turn.kernel else 1.0) * u, slots


RULES: dict[str, Rule] = {
    "sgd": sgd,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adadelta": adadelta,
    "adam": adam,
    "adamw": adamw,
    "lion": lion,
    "lars": lars,
    "lamb": lamb,
}


def clip_factor(gradients: dict[str, Array], clip: float | None) -> float:
    """By what a gradient is multiplied so that its norm over all weights is ``clip`` at most."""
    if clip is None:
        return 1.0
    norm = float(np.sqrt(sum(np.sum(np.square(gradient, dtype=np.float64)) for gradient in gradients.values())))
    return clip / max(norm, clip)


def averaged(average: Array, w: Array, memory: float, step: int) -> Array:
    """``a + max(1 − d, 9/(10 + step))·(w − a)``, d being the memory."""
    return average + max(1 - memory, 9 / (10 + step)) * (w - average)


def _moments(solver: Adam | AdamW | Lamb, gradient: Array, t: int, slots: Slots) -> tuple[Array, Slots]:
    m = solver.beta1 * slots["first_moment"] + (1 - solver.beta1) * gradient
    v = solver.beta2 * slots["second_moment"] + (1 - solver.beta2) * gradient * gradient
    unbiased = np.sqrt(v / (1 - solver.beta2**t))
    return m / (1 - solver.beta1**t) / (unbiased + solver.epsilon), {"first_moment": m, "second_moment": v}


def _norm(array: Array) -> float:
    return float(np.sqrt(np.sum(np.square(array, dtype=np.float64))))


def _quotient(above: float, below: float) -> float:
    """1 where one of the two is 0."""
    return above / below if above and below else 1.0
