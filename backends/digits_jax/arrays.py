"""Canonical arrays in and out; every change of layout of the JAX backend is here.

Pictures are ``[B, H, W, C]``, convolution kernels ``[kh, kw, C/groups, filters]``, dense kernels ``[F, units]``, with F
in H, W, C order where the input is a picture. So nothing is transposed while training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Arrays, slot_name
from digits_core.graph.graph import Graph, Layer
from digits_core.graph.shapes import Shape
from digits_core.spec.solver import SolverBase

#: Weights by canonical name, in the native layout.
Weights: TypeAlias = dict[str, jax.Array]
#: For each slot of the solver, an array per trainable weight.
Slots: TypeAlias = dict[str, Weights]

DTYPES: dict[str, type[np.floating[Any]]] = {"fp32": np.float32, "fp64": np.float64}


class JaxState(NamedTuple):
    """Weights and solver slots on the device; a pytree that a step consumes."""

    weights: Weights
    slots: Slots


@dataclass(frozen=True, slots=True)
class Layout:
    """How a canonical array lies in memory: seen as ``view``, its axes permuted, and seen as ``native``.

    Attributes:
        canonical: Its canonical shape.
        view: The canonical shape with joined axes apart.
        axes: For each native axis, which axis of ``view`` it is.
        native: Its native shape.
    """

    canonical: Shape
    view: Shape
    axes: tuple[int, ...]
    native: Shape

    def to_native(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """``array`` in the native layout."""
        return array.reshape(self.view).transpose(self.axes).reshape(self.native)

    def to_canonical(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """``array`` in the canonical layout."""
        apart = array.reshape([self.view[axis] for axis in self.axes])
        return apart.transpose(np.argsort(self.axes)).reshape(self.canonical)


def layouts(graph: Graph) -> dict[str, Layout]:
    """The layout of every weight of ``graph``."""
    return {
        name: _LAYOUTS.get(f"{layer.op.kind}{name.removeprefix(layer.name)}", _as_it_is)(parameter.shape, layer)
        for layer in graph.layers
        for name, parameter in layer.parameters.items()
    }


def from_canonical(
    arrays: Arrays, graph: Graph, solver: SolverBase, dtype: type[np.floating[Any]], device: jax.Device
) -> JaxState:
    """A state with copies of ``arrays`` on ``device``; absent slots are zero."""
    shapes = layouts(graph)

    def put(name: str, weight: str) -> jax.Array:
        canonical = arrays[name] if name in arrays else np.zeros(shapes[weight].canonical, dtype)
        return owned(shapes[weight].to_native(canonical), dtype, device)

    trainable = [name for name, parameter in graph.parameters.items() if parameter.trainable]
    weights = {name: put(name, name) for name in graph.parameters}
    return JaxState(weights, {slot: {n: put(slot_name(slot, n), n) for n in trainable} for slot in type(solver).slots})


def to_canonical(state: JaxState, graph: Graph) -> Arrays:
    """Copies of everything in ``state``."""
    shapes = layouts(graph)

    def copies(weights: Arrays, named: Callable[[str], str]) -> Arrays:
        return {named(n): shapes[n].to_canonical(array).copy() for n, array in weights.items()}

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


def to_activation(value: jax.Array) -> npt.NDArray[np.float32]:
    """An activation ``[B, H, W, C]`` or ``[B, F]`` as float32 ``[B, C, H, W]`` or ``[B, F]``."""
    array = np.asarray(value)
    return np.array(np.moveaxis(array, -1, 1), np.float32, order="C", copy=True)


def in_canonical_order(value: jax.Array) -> jax.Array:
    """A picture ``[B, H, W, C]`` flattened to ``[B, C·H·W]``."""
    return jnp.moveaxis(value, -1, 1).reshape(len(value), -1)


def _as_it_is(shape: Shape, layer: Layer) -> Layout:
    return Layout(shape, shape, tuple(range(len(shape))), shape)


def _picture(shape: Shape, layer: Layer) -> Layout:
    channels, height, width = shape
    return Layout(shape, shape, (1, 2, 0), (height, width, channels))


def _conv_kernel(shape: Shape, layer: Layer) -> Layout:
    filters, channels, height, width = shape
    return Layout(shape, shape, (2, 3, 1, 0), (height, width, channels, filters))


def _dense_kernel(shape: Shape, layer: Layer) -> Layout:
    units, features = shape
    if len(layer.input_shapes[0]) == 1:
        return Layout(shape, shape, (1, 0), (features, units))
    return Layout(shape, (units, *layer.input_shapes[0]), (2, 3, 1, 0), (features, units))


_LAYOUTS: Mapping[str, Callable[[Shape, Layer], Layout]] = {
    "input/mean": _picture,
    "conv/kernel": _conv_kernel,
    "dense/kernel": _dense_kernel,
}
