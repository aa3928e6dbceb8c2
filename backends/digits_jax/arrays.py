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
from digits_core.spec.solver import AVERAGE, SolverBase
from digits_jax.precision import Format, LossScale

#: Weights by canonical name, in the native layout.
Weights: TypeAlias = dict[str, jax.Array]
#: For each slot of the solver, and for the average, an array per trained weight.
Slots: TypeAlias = dict[str, Weights]


class JaxState(NamedTuple):
    """What is on the device; a pytree that a step consumes.

    Attributes:
        weights: The weights.
        slots: The solver's.
        scale: What keeps gradients of fp16 in range; it is not saved.
    """

    weights: Weights
    slots: Slots
    scale: LossScale | None = None

    @property
    def shown(self) -> Weights:
        """The weights to evaluate with: averages where there are any."""
        return self.weights | self.slots.get(AVERAGE, {})


def from_canonical(arrays: Arrays, graph: Graph, solver: SolverBase, format: Format, device: jax.Device) -> JaxState:
    """A state with copies of ``arrays`` on ``device``; absent slots are zero, absent averages start at the weight."""
    shapes, dtype = layouts(graph), format.weights

    def put(canonical: npt.NDArray[Any], weight: str) -> jax.Array:
        # Whole numbers, as a native network may keep them, stay such.
        whole = canonical.dtype.kind in "biu"
        return owned(shapes[weight].to_native(canonical), canonical.dtype if whole else dtype, device)

    def slot(slot: str, weight: str) -> jax.Array:
        absent = arrays[weight] if slot == AVERAGE else np.zeros(shapes[weight].canonical, dtype)
        return put(arrays.get(slot_name(slot, weight), absent), weight)

    trained = [name for name, parameter in graph.parameters.items() if parameter.trainable]
    weights = {name: put(arrays[name], name) for name in graph.parameters}
    slots = {kept: {name: slot(kept, name) for name in trained} for kept in solver.kept}
    return JaxState(weights, slots, jax.device_put(LossScale.first(), device) if format.scaled else None)


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
    return jnp.moveaxis(value, -1, 1).reshape(value.shape[0], -1)
