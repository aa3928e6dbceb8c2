"""Canonical arrays in and out; the reference computes in the canonical layout, so only the number format changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Arrays, slot_name
from digits_core.graph.graph import Graph
from digits_core.spec.solver import AVERAGE, SolverBase

Array: TypeAlias = npt.NDArray[Any]
DTYPES: dict[str, type[np.floating[Any]]] = {"fp32": np.float32, "fp64": np.float64}


@dataclass(frozen=True, slots=True)
class NumpyState:
    """Weights by canonical name, and for each trained weight its slots by name, and its average."""

    weights: dict[str, Array]
    slots: dict[str, dict[str, Array]]

    @property
    def shown(self) -> dict[str, Array]:
        """The weights to evaluate with: averages where there are any."""
        return {name: self.slots.get(name, {}).get(AVERAGE, weight) for name, weight in self.weights.items()}


def from_canonical(arrays: Arrays, graph: Graph, solver: SolverBase, dtype: type[np.floating[Any]]) -> NumpyState:
    """A state with copies of ``arrays``; absent slots are zero, absent averages start at the weight."""

    def slot(slot: str, weight: str) -> Array:
        absent = arrays[weight] if slot == AVERAGE else np.zeros(graph.parameters[weight].shape)
        return np.array(arrays.get(slot_name(slot, weight), absent), dtype)

    weights = {name: np.array(arrays[name], dtype) for name in graph.parameters}
    trained = [name for name, parameter in graph.parameters.items() if parameter.trainable]
    return NumpyState(weights, {name: {kept: slot(kept, name) for kept in solver.kept} for name in trained})


def to_canonical(state: NumpyState) -> Arrays:
    """Copies of everything in ``state``."""
    arrays = {name: weight.copy() for name, weight in state.weights.items()}
    for weight, slots in state.slots.items():
        arrays.update({slot_name(slot, weight): array.copy() for slot, array in slots.items()})
    return arrays
