"""The update rules as Optax transformations, as `digits_core.spec.solver` writes them.

A rule turns gradients into what the learning rate multiplies. Optax has states of its own; they are made of the
canonical slots and taken apart again while a step is traced, which costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import optax

from digits_core.graph.ops import Parameter
from digits_core.spec.solver import Adagrad, Adam, Nesterov, Sgd, SolverBase
from digits_jax.arrays import Slots, Weights


@dataclass(frozen=True, slots=True)
class Rule:
    """An Optax transformation and the way between its state and our slots.

    Attributes:
        transformation: Gradients to updates.
        pack: Slots and steps done so far to the transformation's state.
        unpack: The state back to slots.
    """

    transformation: optax.GradientTransformation
    pack: Callable[[Slots, jax.Array], Any]
    unpack: Callable[[Any], Slots]


def sgd(solver: Sgd) -> Rule:
    """``v = μ·v + g ; u = v``."""
    return _momentum(optax.trace(solver.momentum))


def nesterov(solver: Nesterov) -> Rule:
    """``v = μ·v + g ; u = g + μ·v``."""
    return _momentum(optax.trace(solver.momentum, nesterov=True))


def adagrad(solver: Adagrad) -> Rule:
    """``s += g² ; u = g/(√s + ε)``."""
    return Rule(
        scale_by_square_sum(solver.epsilon),
        lambda slots, step: SquareSumState(slots["square_sum"]),
        lambda state: {"square_sum": state.square_sum},
    )


def adam(solver: Adam) -> Rule:
    """``m, v ← moments ; u = (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)``, t = step + 1."""
    return Rule(
        scale_by_moments(solver.beta1, solver.beta2, solver.epsilon),
        lambda slots, step: optax.ScaleByAdamState(
            step.astype(jnp.int32), slots["first_moment"], slots["second_moment"]
        ),
        lambda state: {"first_moment": state.mu, "second_moment": state.nu},
    )


RULES: dict[str, Callable[[Any], Rule]] = {"sgd": sgd, "nesterov": nesterov, "adagrad": adagrad, "adam": adam}

#: What a step leaves: trainable weights and slots.
Updated: TypeAlias = tuple[Weights, Slots]


def updater(
    solver: SolverBase, parameters: dict[str, Parameter]
) -> Callable[[Weights, Weights, Slots, jax.Array, jax.Array], Updated]:
    """The function ``(weights, gradients, slots, learning rate, step) → (weights, slots)`` of a solver.

    Args:
        solver: The rule and its numbers.
        parameters: Multipliers of rate and decay by weight.
    """
    rule = RULES[solver.name](solver)

    def update(weights: Weights, gradients: Weights, slots: Slots, rate: jax.Array, step: jax.Array) -> Updated:
        if solver.clip is not None:
            gradients = clipped(gradients, solver.clip)
        decayed = {
            name: gradients[name] + solver.weight_decay * parameters[name].decay_multiplier * weight
            for name, weight in weights.items()
        }
        updates, state = rule.transformation.update(decayed, rule.pack(slots, step), weights)
        stepped = {
            name: weight - rate * parameters[name].rate_multiplier * updates[name] for name, weight in weights.items()
        }
        return stepped, rule.unpack(state)

    return update


def clipped(gradients: Weights, clip: float) -> Weights:
    """Gradients whose L2 norm over all weights together is ``clip`` at most."""
    norm = jnp.sqrt(sum(jnp.sum(jnp.square(gradient)) for gradient in gradients.values()))
    factor = clip / jnp.maximum(norm, clip)
    return {name: factor * gradient for name, gradient in gradients.items()}


class SquareSumState(NamedTuple):
    """What `scale_by_square_sum` keeps."""

    square_sum: optax.Params


def scale_by_square_sum(epsilon: float) -> optax.GradientTransformation:
    """Adagrad as published, with ε outside the root: ``s += g² ; u = g/(√s + ε)``.

    `optax.scale_by_rss` has ε inside, and gives another curve.

    Args:
        epsilon: ε, keeps the quotient finite.
    """

    def init(params: optax.Params) -> SquareSumState:
        return SquareSumState(jax.tree.map(jnp.zeros_like, params))

    def update(updates: Any, state: SquareSumState, params: Any = None) -> tuple[Any, SquareSumState]:
        sums = jax.tree.map(lambda s, g: s + g * g, state.square_sum, updates)
        return jax.tree.map(lambda g, s: g / (jnp.sqrt(s) + epsilon), updates, sums), SquareSumState(sums)

    return optax.GradientTransformation(init, update)


def scale_by_moments(beta1: float, beta2: float, epsilon: float) -> optax.GradientTransformation:
    """Adam with a bias correction that keeps its digits in float32.

    `optax.scale_by_adam` subtracts β₂ᵗ from 1, which in float32 leaves four digits in the first steps; this is
    ``1 − βᵗ = −expm1(t·ln β)``.

    Args:
        beta1: β₁, memory of the gradient.
        beta2: β₂, memory of the squared gradient.
        epsilon: ε, keeps the quotient finite.
    """

    def init(params: optax.Params) -> optax.ScaleByAdamState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return optax.ScaleByAdamState(jnp.zeros((), jnp.int32), zeros, jax.tree.map(jnp.zeros_like, params))

    def correction(beta: float, count: jax.Array, like: jax.Array) -> jax.Array:
        return -jnp.expm1(count.astype(like.dtype) * math.log(beta)) if beta else jnp.ones((), like.dtype)

    def update(updates: Any, state: optax.ScaleByAdamState, params: Any = None) -> tuple[Any, optax.ScaleByAdamState]:
        mu = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, state.mu, updates)
        nu = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, state.nu, updates)
        count = state.count + 1

        def scaled(m: jax.Array, v: jax.Array) -> jax.Array:
            root = jnp.sqrt(v / correction(beta2, count, v))
            return m / correction(beta1, count, m) / (root + epsilon)

        return jax.tree.map(scaled, mu, nu), optax.ScaleByAdamState(count, mu, nu)

    return optax.GradientTransformation(init, update)


def _momentum(transformation: optax.GradientTransformation) -> Rule:
    return Rule(
        transformation,
        lambda slots, step: optax.TraceState(slots["velocity"]),
        lambda state: {"velocity": state.trace},
    )
