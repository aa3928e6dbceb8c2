"""What makes one of several branches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import jax
import jax.numpy as jnp

from digits_core.graph.graph import Layer
from digits_jax.arrays import Weights
from digits_jax.ops.op import Apply, Mode


def concat(layer: Layer) -> Apply:
    """Joined along channels, which are last."""

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        return jnp.concatenate(inputs, axis=-1)

    return apply


def add(layer: Layer) -> Apply:
    """The sum, from left to right."""

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        return reduce(jnp.add, inputs)

    return apply


def multiply(layer: Layer) -> Apply:
    """The product of both inputs."""

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        return inputs[0] * inputs[1]

    return apply
