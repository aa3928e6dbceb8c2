"""Which network a state dict belongs to, and its tensors as weights of ours."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Arrays
from digits_core.errors import ModelInvalid, Problem, require
from digits_core.graph.graph import MEAN, Graph, Layer
from digits_core.graph.shapes import Shape
from digits_pretrained.one_tower import ONE_TOWER
from digits_pretrained.pixels import first_convolution
from digits_pretrained.tables import STRANGERS, Table, tables

#: What follows the name of a layer there, by what follows it here.
SUFFIXES = {
    "kernel": "weight",
    "bias": "bias",
    "scale": "weight",
    "offset": "bias",
    "mean": "running_mean",
    "variance": "running_var",
}
#: Operations whose one weight has the name of the layer there.
WHOLE = frozenset({"channel_scale", "tokens", "position"})
#: What PyTorch counts and nobody needs.
COUNTERS = ".num_batches_tracked"
#: Share of a network's layers that must be there before a file is taken for it.
ENOUGH = 0.5


def choose(arrays: Arrays, network: str, where: str) -> Table:
    """The table of the network that the tensors belong to.

    Args:
        arrays: Tensors by name.
        network: The network that was named, maybe with params; empty: any.
        where: The file, for errors.

    Raises:
        ModelInvalid: If they belong to none, or to another one than was named.
    """
    known = [table for table in tables() if _has_width(table, arrays)]
    best = min(known, key=lambda table: _distance(table, arrays))
    fits = len(_stems(arrays).intersection(best.layers.values())) >= ENOUGH * len(best.layers)
    if not network:
        if not fits:
            raise _unknown(arrays, where)
        return best
    name, _, params = network.partition(":")
    named = [table for table in known if table.network.partition(":")[0] == name]
    if name == "alexnet" and fits and best.network == ONE_TOWER:
        hint = f"Leave --network out: it is imported as {ONE_TOWER}."
        message = "torchvision's AlexNet is another network than ours, which is Caffe's: one tower, no normalisation."
        raise ModelInvalid(message, where=where, hint=hint)
    if not named:
        return Table(network, "its own", {}, None)
    table = min(named, key=lambda table: _distance(table, arrays))
    return dataclasses.replace(table, network=network) if params else table


def complete(table: Table, graph: Graph) -> Table:
    """A table that names every layer of the graph; one without names takes the graph's own."""
    if table.layers:
        return table
    return dataclasses.replace(table, layers={layer.name: layer.name for layer in graph.layers if _learned(layer)})


def convert(arrays: Arrays, table: Table, graph: Graph, where: str) -> Arrays:
    """The tensors as weights of the graph; pixels are still theirs.

    Raises:
        ModelInvalid: With every weight that is missing, has another shape, or is not known.
    """
    found: Arrays = {}
    problems: list[Problem] = []
    used: set[str] = set()
    for layer, local, shape in _wanted(graph):
        theirs = _key(table, layer, local)
        used.add(theirs)
        fitted = _fit(arrays[theirs], local, shape) if theirs in arrays else None
        if fitted is not None:
            found[f"{layer.name}/{local}"] = fitted
            continue
        seen = f"shape {list(arrays[theirs].shape)}" if theirs in arrays else "nothing"
        problems.append(Problem(f"{theirs} expects shape {list(shape)} for {layer.name}/{local}, found {seen}.", where))
    problems += _strange(arrays, used, graph, where)
    require(problems, ModelInvalid)
    return found


def classes_of(arrays: Arrays, table: Table, where: str) -> int:
    """How many classes the tensors tell apart.

    Raises:
        ModelInvalid: If the layer that classifies is not there.
    """
    head = arrays.get(f"{table.head}.weight")
    if head is None or not head.ndim:
        hint = "Weights without the layer that classifies cannot be imported."
        raise ModelInvalid(
            f"Network {table.network} expects {table.head}.weight, found nothing.", where=where, hint=hint
        )
    return len(head)


def channels_of(arrays: Arrays, table: Table, usual: Graph) -> int:
    """1 where the first convolution takes gray, 3 where it takes colours, else what is usual."""
    name = first_convolution(usual).name
    kernel = arrays.get(f"{table.layers.get(name, name)}.weight")
    found = kernel.shape[1] if kernel is not None and kernel.ndim == 4 else 0
    return found if found in (1, 3) else usual.input.channels


def _wanted(graph: Graph) -> Iterator[tuple[Layer, str, Shape]]:
    for layer in graph.layers:
        for name, parameter in layer.parameters.items():
            if name != MEAN:
                yield layer, name.rpartition("/")[2], parameter.shape


def _learned(layer: Layer) -> bool:
    return bool(layer.parameters.keys() - {MEAN})


def _key(table: Table, layer: Layer, local: str) -> str:
    theirs = table.layers.get(layer.name, layer.name)
    return theirs if layer.op.kind in WHOLE else f"{theirs}.{SUFFIXES.get(local, local)}"


def _fit(array: npt.NDArray[np.float32], local: str, shape: Shape) -> npt.NDArray[np.float32] | None:
    """The tensor in our shape; None where it has other numbers than fit."""
    if local == "embedding" and array.ndim == 3:
        array = array.transpose(2, 1, 0)  # [1, tokens, channels] there
    flat = local == "kernel" and len(shape) == 2 and len(array) == shape[0] and array.size == np.prod(shape)
    if flat or [side for side in array.shape if side > 1] == [side for side in shape if side > 1]:
        return np.ascontiguousarray(array.reshape(shape))
    return None


def _strange(arrays: Arrays, used: set[str], graph: Graph, where: str) -> Iterator[Problem]:
    for name, array in arrays.items():
        if name not in used and not name.endswith(COUNTERS):
            yield Problem(f"{name} {list(array.shape)} is no weight of network {graph.name}.", where)


def _stems(arrays: Arrays) -> set[str]:
    """Names of their layers: of tensors that are alone in theirs, the whole name is one too."""
    return {stem for name in arrays for stem in (name.rpartition(".")[0], name) if stem}


def _distance(table: Table, arrays: Arrays) -> int:
    """How many layers of the table are not there, and how many tensors are not in the table."""
    expected = set(table.layers.values())
    extra = [name for name in arrays if not {name.rpartition(".")[0], name} & expected]
    return len(expected - _stems(arrays)) + len(extra)


def _has_width(table: Table, arrays: Arrays) -> bool:
    first = arrays.get(f"{next(iter(table.layers.values()))}.weight")
    return table.width is None or first is None or table.width == len(first)


def _unknown(arrays: Arrays, where: str) -> ModelInvalid:
    reason = next((why for name, why in STRANGERS.items() if name in arrays), "")
    known = ", ".join(dict.fromkeys(table.network for table in tables()))
    said = f": {reason}" if reason else f", found {', '.join(list(arrays)[:3])}, …"
    hint = f"Known: {known}. Or name a network whose layers are called the same, with --network."
    return ModelInvalid(
        f"Expected weights of torchvision or timm for one of our networks{said}.", where=where, hint=hint
    )
