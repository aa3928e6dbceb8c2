"""Every layer of a network while it looks at one picture."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Arrays
from digits_core.contracts.runtime import Activations, Runtime
from digits_core.errors import NameUnknown, Problem, require, suggest
from digits_core.graph.graph import Graph, Layer
from digits_core.inference.classify import softmax
from digits_core.inference.inspection.saturation import SATURATED, saturated_share, silent_channels
from digits_core.inference.inspection.statistics import Statistics, describe
from digits_core.inference.model import Model


@dataclass(frozen=True, slots=True)
class InspectedLayer:
    """A layer and what is in it.

    Attributes:
        layer: The layer.
        activation: What it made of the picture, ``[C, H, W]`` or ``[F]``.
        statistics: Of the activation.
        saturated: Share of its units that are saturated; None: its operation has no flat parts.
        silent: Channels or units that are 0 everywhere.
        weights: Its weights by canonical name.
        weight_statistics: Of each of them.
    """

    layer: Layer
    activation: npt.NDArray[np.floating[Any]]
    statistics: Statistics
    saturated: float | None
    silent: int
    weights: Arrays
    weight_statistics: dict[str, Statistics]


@dataclass(frozen=True, slots=True)
class Inspection:
    """A network and one picture.

    Attributes:
        model: The network with its weights.
        runtime: Name of what computed.
        pixels: The picture as the network saw it, uint8 ``[H, W, C]``.
        probabilities: Of every class, float64.
        layers: The layers that were looked into, in computing order.
    """

    model: Model
    runtime: str
    pixels: npt.NDArray[np.uint8]
    probabilities: npt.NDArray[np.float64]
    layers: tuple[InspectedLayer, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes; numbers where nobody named them."""
        return self.model.labels or tuple(f"class {number}" for number in range(self.model.graph.classes))


def inspect_layers(
    model: Model, pixels: npt.NDArray[np.uint8], runtime: Runtime, name: str, globs: Sequence[str] = ()
) -> Inspection:
    """Look at a picture, and into every layer.

    Args:
        model: The network with its weights.
        pixels: The picture, uint8 ``[H, W, C]``.
        runtime: Who computes.
        name: What that is called.
        globs: Patterns of names of layers; empty: all that the output depends on.

    Raises:
        NameUnknown: If a pattern fits no layer.
        CapabilityMissing: If the runtime cannot compute the network.
    """
    graph = model.graph
    layers = chosen_layers(graph, globs)
    taps = _taps(layers)
    predictor = runtime.load(graph, model.arrays, taps)
    try:
        found = predictor.predict(pixels[None])
    finally:
        predictor.close()
    return Inspection(
        model=model,
        runtime=name,
        pixels=pixels,
        probabilities=softmax(found[graph.output])[0],
        layers=tuple(_inspected(layer, found, model.arrays) for layer in layers),
    )


def chosen_layers(graph: Graph, globs: Sequence[str]) -> tuple[Layer, ...]:
    """The layers whose names fit a pattern; without patterns those that the output depends on.

    Raises:
        NameUnknown: With every pattern that fits none.
    """
    if not globs:
        return graph.needed_for([graph.output])
    names = [layer.name for layer in graph.layers]
    unfitting = [glob for glob in globs if not any(fnmatchcase(name, glob) for name in names)]
    require(_unknown(graph, unfitting, names), NameUnknown)
    return tuple(layer for layer in graph.layers if any(fnmatchcase(layer.name, glob) for glob in globs))


def _unknown(graph: Graph, globs: Sequence[str], names: Collection[str]) -> Iterator[Problem]:
    for glob in globs:
        yield Problem(f"Network {graph.name} has no layer {glob!r}.", "layers", suggest(glob, names))


def _taps(layers: Sequence[Layer]) -> tuple[str, ...]:
    """What has to be known: the layers, and what those with flat parts are given."""
    given = [layer.inputs[0] for layer in layers if layer.op.kind in SATURATED]
    return tuple(dict.fromkeys([*(layer.name for layer in layers), *given]))


def _inspected(layer: Layer, found: Activations, arrays: Arrays) -> InspectedLayer:
    made = found[layer.name][0]
    saturated = saturated_share(layer, found[layer.inputs[0]][0], made) if layer.op.kind in SATURATED else None
    weights = {name: arrays[name] for name in layer.parameters}
    described = {name: describe(array) for name, array in weights.items()}
    return InspectedLayer(layer, made, describe(made), saturated, silent_channels(made), weights, described)
