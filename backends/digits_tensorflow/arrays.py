"""Canonical arrays in and out of ``tf.Variable``; every transpose between the two layouts is here.

TensorFlow computes in ``[B, H, W, C]``, so a conv kernel lies as ``[kh, kw, in/groups, out]``, a dense kernel as
``[F, out]`` with the rows of a picture in H, W, C order, and the mean picture as ``[H, W, C]``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Arrays, slot_name
from digits_core.graph.graph import Graph, Layer
from digits_core.graph.shapes import Shape
from digits_tensorflow.framework import tf

#: ``tf.Variable`` by canonical name; of a solver, by weight and slot.
Variables: TypeAlias = dict[str, tf.Variable]
Slots: TypeAlias = dict[str, Variables]
DTYPES: dict[str, tf.DType] = {"fp32": tf.float32, "fp64": tf.float64}


@dataclass(frozen=True, slots=True)
class Layout:
    """How an array lies: seen as ``view``, its axes are permuted to ``axes``, then reshaped to ``native``.

    Attributes:
        canonical: Canonical shape.
        view: Canonical shape with joined axes taken apart.
        axes: Order of the axes of ``view`` in TensorFlow.
        native: Shape in TensorFlow.
    """

    canonical: Shape
    view: Shape
    axes: tuple[int, ...]
    native: Shape

    def to_native(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """``array`` as TensorFlow wants it."""
        return array.reshape(self.view).transpose(self.axes).reshape(self.native)

    def to_canonical(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A contiguous copy of ``array``, canonical."""
        permuted = array.reshape([self.view[axis] for axis in self.axes])
        return np.array(permuted.transpose(np.argsort(self.axes)), order="C").reshape(self.canonical)


def layouts(graph: Graph) -> dict[str, Layout]:
    """Layout of every weight by canonical name."""
    return {
        name: _layout(layer, parameter.shape) for layer in graph.layers for name, parameter in layer.parameters.items()
    }


def _layout(layer: Layer, shape: Shape) -> Layout:
    view, axes = shape, tuple(range(len(shape)))
    if len(shape) == 4:
        axes = (2, 3, 1, 0)
    elif len(shape) == 3:
        axes = (1, 2, 0)
    elif len(shape) == 2:
        view = (shape[0], *layer.input_shapes[0])
        axes = (2, 3, 1, 0) if len(view) == 4 else (1, 0)
    native = tuple(view[axis] for axis in axes)
    if len(shape) == 2:
        native = (math.prod(native[:-1]), shape[0])
    return Layout(shape, view, axes, native)


def weights_from_canonical(graph: Graph, arrays: Arrays, dtype: tf.DType) -> Variables:
    """New variables with copies of the weights."""
    return {
        name: tf.Variable(
            layout.to_native(arrays[name]), trainable=graph.parameters[name].trainable, name=name, dtype=dtype
        )
        for name, layout in layouts(graph).items()
    }


def slots_from_canonical(graph: Graph, arrays: Arrays, names: tuple[str, ...], dtype: tf.DType) -> Slots:
    """New variables for the slots ``names`` of every trainable weight; absent ones are zero."""

    def slot(name: str, weight: str, layout: Layout) -> tf.Variable:
        array = arrays.get(slot_name(name, weight))
        start = np.zeros(layout.native) if array is None else layout.to_native(array)
        return tf.Variable(start, trainable=False, name=slot_name(name, weight), dtype=dtype)

    return {
        weight: {name: slot(name, weight, layout) for name in names}
        for weight, layout in layouts(graph).items()
        if graph.parameters[weight].trainable
    }


def to_canonical(graph: Graph, weights: Variables, slots: Slots) -> Arrays:
    """Copies of all weights and slots."""
    where = layouts(graph)
    arrays = {name: where[name].to_canonical(weight.numpy()) for name, weight in weights.items()}
    for weight, variables in slots.items():
        for slot, variable in variables.items():
            arrays[slot_name(slot, weight)] = where[weight].to_canonical(variable.numpy())
    return arrays


def activation_to_canonical(activation: tf.Tensor) -> npt.NDArray[np.float32]:
    """A float32 copy of ``[B, H, W, C]`` as ``[B, C, H, W]``; ``[B, F]`` stays."""
    array = activation.numpy()
    return np.array(array.transpose(0, 3, 1, 2) if array.ndim == 4 else array, np.float32, order="C")
