"""Two networks layer by layer: how far apart, and where they part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.inference.inspection.layers import InspectedLayer, Inspection
from digits_core.inference.inspection.statistics import parts

#: Relative difference above which two activations are no longer the same: frameworks in fp32 stay under a tenth of it.
PARTED = 1e-3


@dataclass(frozen=True, slots=True)
class Difference:
    """How far apart two arrays of the same shape are.

    Attributes:
        largest: max |a − b|.
        relative: ‖a − b‖ / max(‖a‖, ‖b‖), from 0 to 2; 0 where both are nothing but zeros.
        cosine: a·b / (‖a‖·‖b‖); 1 where both are zeros, 0 where one is.
    """

    largest: float
    relative: float
    cosine: float


@dataclass(frozen=True, slots=True)
class LayerDifference:
    """How far apart a layer of two networks is.

    Attributes:
        name: The layer.
        activation: Of what it makes of the picture; None where shapes differ or a number is not finite.
        weights: The same of each weight that both have, by canonical name.
    """

    name: str
    activation: Difference | None
    weights: dict[str, Difference | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two inspections side by side.

    Attributes:
        one: The first.
        other: The second.
        layers: Layers that both have, in the order of the first.
        only_one: Names of layers of the first alone.
        only_other: Names of layers of the second alone.
        parts_at: The first layer whose activations differ by more than `PARTED`, or cannot be compared; empty: none.
    """

    one: Inspection
    other: Inspection
    layers: tuple[LayerDifference, ...]
    only_one: tuple[str, ...]
    only_other: tuple[str, ...]
    parts_at: str


def compare(one: Inspection, other: Inspection) -> Comparison:
    """Put two inspections side by side; layers of the same name belong together."""
    ours = {layer.layer.name: layer for layer in one.layers}
    theirs = {layer.layer.name: layer for layer in other.layers}
    layers = tuple(_layer(layer, theirs[name]) for name, layer in ours.items() if name in theirs)
    parted = (d.name for d in layers if d.activation is None or not d.activation.relative <= PARTED)
    return Comparison(
        one,
        other,
        layers,
        tuple(name for name in ours if name not in theirs),
        tuple(name for name in theirs if name not in ours),
        next(parted, ""),
    )


def difference(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> Difference | None:
    """How far apart two arrays are; None where their shapes differ, or a number is not finite.

    >>> difference(np.array([3.0, 0.0]), np.array([0.0, 4.0]))
    Difference(largest=4.0, relative=1.25, cosine=0.0)
    """
    if one.shape != other.shape:
        return None
    largest, sums = 0.0, np.zeros(4)
    for a, b in zip(parts(one.ravel()), parts(other.ravel()), strict=True):
        apart = a - b
        largest = max(largest, float(np.abs(apart).max()))
        sums += (a @ a, b @ b, a @ b, apart @ apart)
    if not np.isfinite(sums).all():
        return None
    lengths = float(np.sqrt(sums[0])), float(np.sqrt(sums[1]))
    if not any(lengths):
        return Difference(0.0, 0.0, 1.0)
    cosine = float(np.clip(sums[2] / (lengths[0] * lengths[1]), -1, 1)) if all(lengths) else 0.0
    return Difference(largest, float(np.sqrt(sums[3])) / max(lengths), cosine)


def _layer(one: InspectedLayer, other: InspectedLayer) -> LayerDifference:
    shared = [name for name in one.weights if name in other.weights]
    weights = {name: difference(one.weights[name], other.weights[name]) for name in shared}
    return LayerDifference(one.layer.name, difference(one.activation, other.activation), weights)
