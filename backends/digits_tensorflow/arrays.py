"""Canonical arrays in and out of ``tf.Variable``; TensorFlow computes in ``[B, H, W, C]``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Arrays, slot_name
from digits_core.contracts.channels_last import Layout, layouts
from digits_core.graph.graph import Graph
from digits_core.spec.solver import AVERAGE
from digits_tensorflow.framework import tf

#: ``tf.Variable`` by canonical name; of a solver, by weight and slot.
Variables: TypeAlias = dict[str, tf.Variable]
Slots: TypeAlias = dict[str, Variables]
#: No variables.
EMPTY: Mapping[str, tf.Variable] = MappingProxyType({})
#: By precision: of weights, slots, and what is summed over a batch; of activations and factors.
DTYPES: dict[str, tf.DType] = {"fp32": tf.float32, "fp64": tf.float64, "bf16": tf.float32, "fp16": tf.float32}
ACTIVATIONS: dict[str, tf.DType] = {**DTYPES, "bf16": tf.bfloat16, "fp16": tf.float16}


def weights_from_canonical(
    graph: Graph, arrays: Arrays, dtype: tf.DType, present: Mapping[str, tf.Variable] = EMPTY
) -> Variables:
    """Variables with copies of the weights.

    Args:
        graph: The network.
        arrays: Its weights, canonical.
        dtype: The number format of new variables.
        present: Variables that are there already, and are only filled.
    """
    filled: Variables = {}
    for name, layout in layouts(graph).items():
        array, trainable = layout.to_native(arrays[name]), graph.parameters[name].trainable
        if name in present:
            filled[name] = present[name]
            filled[name].assign(array)
        else:
            filled[name] = tf.Variable(array, trainable=trainable, name=name, dtype=dtype)
    return filled


def slots_from_canonical(graph: Graph, arrays: Arrays, names: tuple[str, ...], dtype: tf.DType) -> Slots:
    """New variables for the slots ``names`` of every trained weight; absent ones are zero, averages the weight."""

    def slot(name: str, weight: str, layout: Layout) -> tf.Variable:
        array = arrays.get(slot_name(name, weight), arrays[weight] if name == AVERAGE else None)
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


def activation_to_canonical(activation: tf.Tensor) -> npt.NDArray[np.floating[Any]]:
    """A copy of ``[B, H, W, C]`` as ``[B, C, H, W]``; ``[B, F]`` stays."""
    array = activation.numpy()
    return np.array(array.transpose(0, 3, 1, 2) if array.ndim == 4 else array, order="C")
