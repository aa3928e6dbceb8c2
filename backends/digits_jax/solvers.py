"""The update rules as Optax transformations, as `digits_core.spec.update_rules` and `later_rules` write them.

A rule turns gradients into what the learning rate multiplies. Optax has states of its own; they are made of the
canonical slots and taken apart again while a step is traced, which costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import optax

from digits_core.contracts.solver_rules import rule_of
from digits_core.graph.ops import Parameter
from digits_core.spec.solver import (
    AVERAGE,
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
    SolverBase,
)
from digits_jax.arrays import Slots, Weights
from digits_jax.transformations import (
    AllTraits,
    SquareSumState,
    Traits,
    add_decay,
    scale_by_moments,
    scale_by_relative_gradient,
    scale_by_square_sum,
    scale_to_weight,
)

NOTHING = optax.identity()


@dataclass(frozen=True, slots=True)
class Rule:
    """An Optax transformation and the way between its state and our slots.

    Attributes:
        transformation: Clipped gradients and weights to updates.
        pack: Slots and steps done so far to the transformation's state.
        unpack: The state back to slots.
    """

    transformation: optax.GradientTransformation
    pack: Callable[[Slots, jax.Array], Any]
    unpack: Callable[[Any], Slots]


#: (solver, traits of weights) → its rule for these weights
Builder: TypeAlias = Callable[[Any, AllTraits], Rule]


def sgd(solver: Sgd, traits: AllTraits) -> Rule:
    """``v = μ·v + g ; u = v``."""
    return _momentum(add_decay(traits), optax.trace(solver.momentum))


def nesterov(solver: Nesterov, traits: AllTraits) -> Rule:
    """``v = μ·v + g ; u = g + μ·v``."""
    return _momentum(add_decay(traits), optax.trace(solver.momentum, nesterov=True))


def adagrad(solver: Adagrad, traits: AllTraits) -> Rule:
    """``s += g² ; u = g/(√s + ε)``."""
    return _rule(
        (add_decay(traits), scale_by_square_sum(solver.epsilon)),
        lambda slots, step: SquareSumState(slots["square_sum"]),
        lambda state: {"square_sum": state.square_sum},
    )


def rmsprop(solver: Rmsprop, traits: AllTraits) -> Rule:
    """``s = ρ·s + (1−ρ)·g² ; u = g/(√s + ε)``."""
    return _rule(
        (add_decay(traits), optax.scale_by_rms(solver.rho, solver.epsilon, eps_in_sqrt=False)),
        lambda slots, step: optax.ScaleByRmsState(slots["mean_square"]),
        lambda state: {"mean_square": state.nu},
    )


def adadelta(solver: Adadelta, traits: AllTraits) -> Rule:
    """``s = ρ·s + (1−ρ)·g² ; u = g·√(d+ε)/√(s+ε) ; d = ρ·d + (1−ρ)·u²``."""
    return _rule(
        (add_decay(traits), optax.scale_by_adadelta(solver.rho, solver.epsilon)),
        lambda slots, step: optax.ScaleByAdaDeltaState(slots["mean_square"], slots["mean_square_step"]),
        lambda state: {"mean_square": state.e_g, "mean_square_step": state.e_x},
    )


def adam(solver: Adam, traits: AllTraits) -> Rule:
    """``m, v ← moments of g ; u = (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)``, t = step + 1."""
    return _moments(solver, before=add_decay(traits))


def adamw(solver: AdamW, traits: AllTraits) -> Rule:
    """``m, v ← moments of ∇ ; u = (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε) + λ·w``, t = step + 1."""
    return _moments(solver, after=add_decay(traits))


def lion(solver: Lion, traits: AllTraits) -> Rule:
    """``u = sign(β₁·m + (1−β₁)·∇) + λ·w ; m = β₂·m + (1−β₂)·∇``."""
    return _rule(
        (NOTHING, optax.scale_by_lion(solver.beta1, solver.beta2), add_decay(traits)),
        lambda slots, step: optax.ScaleByLionState(step.astype(jnp.int32), slots["momentum"]),
        lambda state: {"momentum": state.mu},
    )


def lars(solver: Lars, traits: AllTraits) -> Rule:
    """``r = η·‖w‖/(‖∇‖ + λ·‖w‖) ; v = μ·v + r·g ; u = v``."""
    return _momentum(scale_by_relative_gradient(solver.trust, traits), optax.trace(solver.momentum))


def lamb(solver: Lamb, traits: AllTraits) -> Rule:
    """``u = (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε) + λ·w``, and that times ``‖w‖/‖u‖``; t = step + 1."""
    return _moments(solver, after=scale_to_weight(traits))


RULES: dict[str, Builder] = {
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

#: What a step leaves: trained weights and slots.
Updated: TypeAlias = tuple[Weights, Slots]


def updater(
    solver: SolverBase, parameters: dict[str, Parameter]
) -> Callable[[Weights, Weights, Slots, jax.Array, jax.Array], Updated]:
    """The function ``(weights, gradients, slots, learning rate, step) → (weights, slots)`` of a solver.

    Args:
        solver: The rule and its numbers.
        parameters: Multipliers of rate and decay by weight.
    """
    builder: Builder = rule_of(solver, "jax", RULES)
    decay = solver.weight_decay
    rule = builder(solver, {name: Traits(decay * p.decay_multiplier, p.kernel) for name, p in parameters.items()})

    def update(weights: Weights, gradients: Weights, slots: Slots, rate: jax.Array, step: jax.Array) -> Updated:
        if solver.clip is not None:
            gradients = clipped(gradients, solver.clip)
        updates, state = rule.transformation.update(gradients, rule.pack(slots, step), weights)
        stepped = {
            name: weight - rate * parameters[name].rate_multiplier * updates[name] for name, weight in weights.items()
        }
        kept = rule.unpack(state)
        if solver.average is not None:
            kept[AVERAGE] = averaged(slots[AVERAGE], stepped, solver.average, step)
        return stepped, kept

    return update


def clipped(gradients: Weights, clip: float) -> Weights:
    """Gradients whose L2 norm over all weights together is ``clip`` at most."""
    norm = jnp.sqrt(sum(jnp.sum(jnp.square(gradient)) for gradient in gradients.values()))
    factor = clip / jnp.maximum(norm, clip)
    return {name: factor * gradient for name, gradient in gradients.items()}


def averaged(averages: Weights, weights: Weights, memory: float, step: jax.Array) -> Weights:
    """``a + max(1 − d, 9/(10 + step))·(w − a)``, d being the memory."""

    def moved(average: jax.Array, weight: jax.Array) -> jax.Array:
        share = jnp.maximum(1 - memory, 9 / (10 + step.astype(weight.dtype)))
        return average + share * (weight - average)

    return {name: moved(averages[name], weight) for name, weight in weights.items()}


def _rule(
    steps: tuple[optax.GradientTransformation, ...],
    pack: Callable[[Slots, jax.Array], Any],
    unpack: Callable[[Any], Slots],
) -> Rule:
    """A chain of transformations of which the second has a state."""
    nothing = optax.EmptyState()
    return Rule(
        optax.chain(*steps),
        lambda slots, step: (nothing, pack(slots, step), *[nothing] * (len(steps) - 2)),
        lambda state: unpack(state[1]),
    )


def _momentum(before: optax.GradientTransformation, momentum: optax.GradientTransformation) -> Rule:
    return _rule(
        (before, momentum),
        lambda slots, step: optax.TraceState(slots["velocity"]),
        lambda state: {"velocity": state.trace},
    )


def _moments(
    solver: Adam | AdamW | Lamb,
    before: optax.GradientTransformation = NOTHING,
    after: optax.GradientTransformation = NOTHING,
) -> Rule:
    return _rule(
        (before, scale_by_moments(solver.beta1, solver.beta2, solver.epsilon), after),
        lambda slots, step: optax.ScaleByAdamState(
            step.astype(jnp.int32), slots["first_moment"], slots["second_moment"]
        ),
        lambda state: {"first_moment": state.mu, "second_moment": state.nu},
    )
