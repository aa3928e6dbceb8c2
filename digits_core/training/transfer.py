"""Weights of one network as the start of another.

A weight is taken where name and shape agree. A layer with a row for every class takes its rows by the names of the
classes, so that classes can be added, dropped and reordered without losing what was learned of the others. What is not
taken starts as in a new network, drawn from the job's seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import SLOT_PREFIX, Arrays
from digits_core.errors import ModelInvalid, Problem, require
from digits_core.graph.graph import MEAN, Graph
from digits_core.graph.heads import head_layers
from digits_core.graph.ops import Parameter
from digits_core.store.start import HeadRows, StartRecord
from digits_core.training.initialize import initial_array

#: Weights of each side that a refusal names.
TOLD = 3


@dataclass(frozen=True, slots=True)
class Source:
    """Weights to start from.

    Attributes:
        name: What they are called, for example ``colours@000003-epoch``.
        arrays: The weights under canonical names.
        labels: Names of the classes, by number; empty: unknown.
    """

    name: str
    arrays: Arrays
    labels: tuple[str, ...] = ()


@dataclass
class _Matched:
    """What was found for each weight of the network so far."""

    arrays: Arrays = field(default_factory=dict)
    loaded: list[str] = field(default_factory=list)
    heads: dict[str, HeadRows] = field(default_factory=dict)
    initialised: dict[str, str] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)


def transfer(source: Source, graph: Graph, labels: Sequence[str], seed: int) -> tuple[StartRecord, Arrays]:
    """What a job on ``graph`` starts with.

    Args:
        source: Weights that were learned before.
        graph: The network.
        labels: Names of its classes, by number.
        seed: Decides the weights that are not taken.

    Returns:
        Where every weight is from, and all of them. ``input/mean`` is among them where the source brings one that the
        network can subtract; else it is the dataset's.

    Raises:
        ModelInvalid: If nothing fits, or weights are not finite.
    """
    require(_not_finite(source), ModelInvalid)
    rows = {name for layer in head_layers(graph) for name in layer.parameters}
    found = _Matched()
    _take_mean(source, graph, found)
    for name, parameter in graph.parameters.items():
        if name == MEAN:
            continue
        take = _take_rows if name in rows and source.labels != tuple(labels) else _take_whole
        take(source, name, parameter, labels, seed, found)
    if not found.loaded and not found.heads:
        raise _nothing_fits(source, graph)
    if not source.labels and rows.intersection(found.loaded):
        found.notes[f"The class names of {source.name} are unknown; its last layer was taken as it is."] = None
    return _record(source, graph, found), found.arrays


def _take_whole(
    source: Source, name: str, parameter: Parameter, labels: Sequence[str], seed: int, found: _Matched
) -> None:
    """A weight as it is, if it has the shape."""
    old = source.arrays.get(name)
    if old is None:
        _initialise(name, parameter, seed, "the model has no weight of this name", found)
    elif old.shape != parameter.shape:
        why = f"expects shape {list(parameter.shape)}, found {list(old.shape)}"
        _initialise(name, parameter, seed, why, found)
    else:
        found.arrays[name] = _floating(old)
        found.loaded.append(name)


def _take_rows(
    source: Source, name: str, parameter: Parameter, labels: Sequence[str], seed: int, found: _Matched
) -> None:
    """The rows of classes of the same name; the others start as those of a new network do."""
    old, kept = source.arrays.get(name), [label for label in labels if label in source.labels]
    fits = old is not None and old.shape[1:] == parameter.shape[1:] and len(old) >= len(source.labels)
    if old is None or not fits or not source.labels:
        return _take_whole(source, name, parameter, labels, seed, found)
    if not kept:
        return _initialise(name, parameter, seed, "the model has no class of these names", found)
    fresh = initial_array(name, parameter, seed).astype(_floating(old).dtype)
    fresh[[labels.index(label) for label in kept]] = old[[source.labels.index(label) for label in kept]]
    found.arrays[name] = fresh
    layer = name.rpartition("/")[0]
    new = tuple(label for label in labels if label not in source.labels)
    dropped = tuple(label for label in source.labels if label not in labels)
    found.heads[layer] = HeadRows(layer=layer, kept=tuple(kept), new=new, dropped=dropped)


def _take_mean(source: Source, graph: Graph, found: _Matched) -> None:
    """The mean that the weights were learned with, as far as the network subtracts one of its form."""
    old, form = source.arrays.get(MEAN), graph.input.mean
    if old is None or form == "none" or (old.shape[1:] == (1, 1)) != (form == "pixel"):
        return
    shape = graph.parameters[MEAN].shape
    if old.shape != shape:
        old = np.broadcast_to(old.mean(axis=(1, 2), keepdims=True, dtype=np.float64), shape)
        found.notes["Its mean picture has another size: every place has the mean of its channel."] = None
    found.arrays[MEAN] = np.ascontiguousarray(old, dtype=np.float32)
    found.notes[f"The mean of {source.name} is subtracted, which its weights were learned with."] = None


def _initialise(name: str, parameter: Parameter, seed: int, why: str, found: _Matched) -> None:
    found.arrays[name] = initial_array(name, parameter, seed)
    found.initialised[name] = why


def _record(source: Source, graph: Graph, found: _Matched) -> StartRecord:
    used = {*found.loaded, *found.arrays.keys() - found.initialised.keys()}
    others = [name for name in source.arrays if name not in used and not name.startswith(SLOT_PREFIX) and name != MEAN]
    return StartRecord(
        model=source.name,
        loaded=tuple(found.loaded),
        heads=tuple(found.heads.values()),
        initialised=found.initialised,
        skipped={name: _skipped(name, graph) for name in others},
        notes=tuple(found.notes),
    )


def _skipped(name: str, graph: Graph) -> str:
    return "its shape differs" if name in graph.parameters else "the network has no weight of this name"


def _floating(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array in fp64 if it is, else in fp32."""
    return array if array.dtype == np.float64 else array.astype(np.float32, copy=False)


def _not_finite(source: Source) -> Iterator[Problem]:
    for name, array in source.arrays.items():
        if not np.isfinite(array).all():
            yield Problem(f"Model {source.name}: {name} is not finite.", hint="Start from another model or snapshot.")


def _nothing_fits(source: Source, graph: Graph) -> ModelInvalid:
    wanted = {name: parameter.shape for name, parameter in graph.parameters.items() if name != MEAN}
    there = {name: array.shape for name, array in source.arrays.items() if name != MEAN}
    return ModelInvalid(
        f"Nothing of {source.name} fits network {graph.name}: expected weights such as {_told(wanted)}, "
        f"found {_told(there)}.",
        where="start",
        hint="Weights are taken by layer name and shape: train the network that the model was made with.",
    )


def _told(shapes: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {list(shape)}" for name, shape in list(shapes.items())[:TOLD])
