"""Optax transformations that Optax does not have, or has with another arithmetic."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import optax

from digits_jax.arrays import Weights


class Traits(NamedTuple):
    """What rules have to know of a weight."""

    decay: float
    """λ, weight decay with its factors."""
    kernel: bool
    """Whether it is a kernel."""


#: By weight.
AllTraits: TypeAlias = Mapping[str, Traits]


def add_decay(traits: AllTraits) -> optax.GradientTransformation:
    """``u + λ·w``, with a decay of its own for every weight.

    Args:
        traits: λ by weight, and which are kernels.
    """
    return optax.stateless(lambda updates, weights: _decayed(updates, weights, traits))


def scale_by_relative_gradient(trust: float, traits: AllTraits) -> optax.GradientTransformation:
    """Lars: ``r·(∇ + λ·w)``, ``r = η·‖w‖/(‖∇‖ + λ·‖w‖)``; r is η for what is no kernel, and where a norm is 0.

    Args:
        trust: η.
        traits: λ by weight, and which are kernels.
    """

    def update(updates: Weights, weights: Weights) -> Weights:
        decayed = _decayed(updates, weights, traits)
        norms = {name: (_norm(weights[name]), _norm(gradient)) for name, gradient in updates.items()}
        ratios = {
            name: _quotient(traits[name].kernel, own, other + traits[name].decay * own)
            for name, (own, other) in norms.items()
        }
        return {name: trust * ratios[name] * value for name, value in decayed.items()}

    return optax.stateless(update)


def scale_to_weight(traits: AllTraits) -> optax.GradientTransformation:
    """Lamb: ``r·(u + λ·w)``, ``r = ‖w‖/‖u + λ·w‖``; r is 1 for what is no kernel, and where a norm is 0.

    Args:
        traits: λ by weight, and which are kernels.
    """

    def update(updates: Weights, weights: Weights) -> Weights:
        decayed = _decayed(updates, weights, traits)
        return {name: _quotient(traits[name].kernel, _norm(weights[name]), _norm(u)) * u for name, u in decayed.items()}

    return optax.stateless(update)


def _decayed(updates: Weights, weights: Weights, traits: AllTraits) -> Weights:
    return {name: update + traits[name].decay * weights[name] for name, update in updates.items()}


def _norm(array: jax.Array) -> jax.Array:
    return jnp.sqrt(jnp.sum(jnp.square(array)))


def _quotient(kernel: bool, above: jax.Array, below: jax.Array) -> jax.Array:
    known = kernel & (above > 0) & (below > 0)
    return jnp.where(known, above / jnp.where(known, below, 1), 1)


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
