"""What a job says about how layers are trained, made part of its graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from digits_core.errors import Problem, SpecInvalid, require, suggest
from digits_core.graph.graph import Graph, Layer
from digits_core.spec.job import DecayOn


def adjust(graph: Graph, freeze: Sequence[str] = (), decay_on: DecayOn = "all") -> Graph:
    """The same network with layers frozen, or with decay on kernels alone; what its layers say themselves stays.

    Args:
        graph: The network.
        freeze: Patterns of the names of layers, such as ``conv*``.
        decay_on: ``kernels`` takes the decay from all other weights.

    Raises:
        SpecInvalid: If a pattern matches no layer with weights, or nothing would be left to train.
    """
    require(_unmatched(graph, freeze), SpecInvalid)
    layers = tuple(_adjusted(layer, freeze, decay_on) for layer in graph.layers)
    adjusted = Graph(graph.name, layers, graph.losses, graph.output)
    if not adjusted.trained_through():
        message = f"Network {graph.name} expects a loss with weights to train, found all of them frozen."
        raise SpecInvalid(message, where="freeze", hint=f"Leave out {graph.output}, for example.")
    return adjusted


def release(graph: Graph) -> Graph:
    """The same network without what a job made of it: nothing is frozen, and decay is on all weights."""
    told: dict[str, Any] = {"frozen": False, "decay_on": "all"}
    layers = tuple(replace(layer, tuning=layer.tuning.model_copy(update=told)) for layer in graph.layers)
    return Graph(graph.name, layers, graph.losses, graph.output)


def _adjusted(layer: Layer, freeze: Sequence[str], decay_on: DecayOn) -> Layer:
    told: dict[str, Any] = {}
    if _matches(layer, freeze):
        told["frozen"] = True
    if decay_on == "kernels" and _has_weights(layer):
        told["decay_on"] = decay_on
    return replace(layer, tuning=layer.tuning.model_copy(update=told)) if told else layer


def _unmatched(graph: Graph, freeze: Sequence[str]) -> Iterator[Problem]:
    able = [layer for layer in graph.layers if _has_weights(layer)]
    for pattern in freeze:
        if not any(_matches(layer, [pattern]) for layer in able):
            message = f"Network {graph.name} has no layer with weights that matches {pattern!r}."
            yield Problem(message, "freeze", suggest(pattern, [layer.name for layer in able]))


def _matches(layer: Layer, patterns: Sequence[str]) -> bool:
    return _has_weights(layer) and any(fnmatchcase(layer.name, pattern) for pattern in patterns)


def _has_weights(layer: Layer) -> bool:
    return any(parameter.trainable or layer.frozen for parameter in layer.parameters.values())
