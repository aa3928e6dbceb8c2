"""Canonical arrays in and out; every change of layout of the JAX backend is here. Pictures are ``[B, H, W, C]``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Arrays, slot_name
from digits_core.contracts.channels_last import layouts
from digits_core.graph.graph import Graph
from digits_core.spec.solver import SolverBase

#: Weights by canonical name, in the native layout.
Weights: TypeAlias = dict[str, jax.Array]
#: For each slot of the solver, an array per trainable weight.
Slots: TypeAlias = dict[str, Weights]


class Format(NamedTuple):
    """A number format.

    Attributes:
        weights: Of weights, slots, gradients, statistics and losses.
        activations: Of activations, and of weights where they meet them.
    """

    weights: type[np.floating[Any]]
    activations: npt.DTypeLike

    @property
    def mixed(self) -> bool:
        """Whether activations are narrower than weights."""
        return np.dtype(self.weights) != np.dtype(self.activations)


FORMATS: dict[str, Format] = {
    "fp32": Format(np.float32, np.float32),
    "fp64": Format(np.float64, np.float64),
    "bf16": Format(np.float32, jnp.bfloat16),
}


class JaxState(NamedTuple):
    """Weights and solver slots on the device; a pytree that a step consumes."""

    weights: Weights
    slots: Slots


def from_canonical(
    arrays: Arrays, graph: Graph, solver: SolverBase, dtype: type[np.floating[Any]], device: jax.Device
) -> JaxState:
    """A state with copies of ``arrays`` on ``device``; absent slots are zero."""
    shapes = layouts(graph)

    def put(name: str, weight: str) -> jax.Array:
        canonical = arrays[name] if name in arrays else np.zeros(shapes[weight].canonical, dtype)
        # Whole numbers, as a native network may keep them, stay such.
        whole = canonical.dtype.kind in "biu"
        return owned(shapes[weight].to_native(canonical), canonical.dtype if whole else dtype, device)

    trainable = [name for name, parameter in graph.parameters.items() if parameter.trainable]
    weights = {name: put(name, name) for name in graph.parameters}
    return JaxState(weights, {slot: {n: put(slot_name(slot, n), n) for n in trainable} for slot in type(solver).slots})


def to_canonical(state: JaxState, graph: Graph) -> Arrays:
    """Copies of everything in ``state``."""
    shapes = layouts(graph)

    def copies(weights: Arrays, named: Callable[[str], str]) -> Arrays:
        return {named(n): shapes[n].to_canonical(array) for n, array in weights.items()}

    weights, slots = jax.device_get((state.weights, state.slots))
    arrays = copies(weights, str)
    for slot, own in slots.items():
        arrays |= copies(own, partial(slot_name, slot))
    return arrays


def owned(array: npt.NDArray[Any], dtype: npt.DTypeLike, device: jax.Device) -> jax.Array:
    """A copy of ``array`` on ``device``.

    On the processor JAX may use the memory of an aligned numpy array as it is. The caller could change it later, and a
    step that consumes its state would write there; so JAX is given memory that nobody else knows.
    """
    return jax.device_put(np.array(array, dtype, order="C", copy=True), device)


def to_activation(value: jax.Array) -> npt.NDArray[np.floating[Any]]:
    """An activation ``[B, H, W, C]`` or ``[B, F]`` as ``[B, C, H, W]`` or ``[B, F]``, in float32 at least."""
    wide = np.promote_types(value.dtype, np.float32)
    return np.array(np.moveaxis(np.asarray(value), -1, 1), wide, order="C", copy=True)


def in_canonical_order(value: jax.Array) -> jax.Array:
    """A picture ``[B, H, W, C]`` flattened to ``[B, C·H·W]``."""
    return jnp.moveaxis(value, -1, 1).reshape(len(value), -1)
