"""Whether described layers make a network: names, references, order, shapes and heads.

Every check goes on after what the ones before it found, and leaves out only what cannot be said any more: a layer that
is not understood has no shape, and neither has what follows it.
"""

from __future__ import annotations

import graphlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from digits_core.errors import Problem, suggest
from digits_core.graph.layers import INPUT, Layer, LayerSpec, Loss
from digits_core.graph.shapes import ShapeMismatch
from digits_core.spec.model import NAME_PATTERN


@dataclass(frozen=True, slots=True)
class Checked:
    """What a description came to.

    Attributes:
        layers: Layers whose shapes are known, in computing order.
        losses: What training minimises.
        output: The layer of logits that classifies.
        problems: Everything that is wrong; empty: this is a network.
    """

    layers: tuple[Layer, ...]
    losses: tuple[Loss, ...]
    output: str
    problems: tuple[Problem, ...]


def check_network(
    name: str,
    layers: Sequence[LayerSpec],
    *,
    losses: Sequence[Loss] = (),
    output: str = "",
    classes: int | None = None,
    where: str = "",
    heads: Mapping[str, str] | None = None,
) -> Checked:
    """Order layers, infer their shapes and find everything that is wrong with them.

    Args:
        name: What the network is called.
        layers: Descriptions; the first is the input.
        losses: What training minimises; empty: the output with weight 1.
        output: The layer of logits that classifies; empty: the last layer.
        classes: How many logits the output and every loss must have.
        where: File the description is from.
        heads: Places where output and losses name layers, by layer, as far as they are known.
    """
    if len(layers) < 2:
        none = Problem(f"Network {name} has no layers after its input.", where, "Describe at least one layer.")
        return Checked((), (), output, (none,))
    inferred, problems = check_layers(name, layers, where)
    output = output or layers[-1].name
    losses = tuple(losses) or (Loss(output),)
    places = dict.fromkeys((output, *(loss.logits for loss in losses)), where) | dict(heads or {})
    described = {layer.name for layer in layers}
    for head, place in places.items():
        if head in inferred:
            problems += _head_problems(name, inferred[head], classes, place)
        elif head not in described:
            message = f"Network {name}: loss or output names layer {head!r}, and there is none."
            problems.append(Problem(message, place, suggest(head, described)))
    return Checked(tuple(inferred.values()), losses, output, tuple(dict.fromkeys(problems)))


def check_layers(name: str, layers: Sequence[LayerSpec], where: str = "") -> tuple[dict[str, Layer], list[Problem]]:
    """Layers whose shapes are known, in computing order, and everything that is wrong with them.

    Args:
        name: What the network is called.
        layers: Descriptions; the first is the input.
        where: File the description is from.
    """
    linked = [*_linked(layers, where)]
    problems: list[Problem] = []
    wrong: set[str] = set()
    described, seen = {layer.name for layer in linked}, {""}
    for index, layer in enumerate(linked):
        found = [*_link_problems(name, layer, described, first=index == 0)]
        if layer.name in seen:
            twice = f"Network {name}: layer name {layer.name!r} is used twice."
            found.append(Problem(twice, layer.where, "Rename one of the two."))
        seen.add(layer.name)
        problems += found
        wrong |= {layer.name} if found or layer.op is None else set()
    ordered, circular = _order(name, linked, where)
    inferred, mismatches = _infer(name, [layer for layer in ordered if layer.name not in wrong])
    return inferred, [*problems, *circular, *mismatches]


def name_problems(network: str, word: str, where: str) -> Iterator[Problem]:
    """What is wrong with the name of a network or layer."""
    if not re.fullmatch(NAME_PATTERN, word):
        message = f"Network {network}: a name expects letters, digits, '.', '_' and '-', found {word!r}."
        yield Problem(message, where, "Choose another name.")


def _linked(layers: Sequence[LayerSpec], where: str) -> Iterator[LayerSpec]:
    """Fill default inputs."""
    before = ""
    for layer in layers:
        alone = not before or (layer.op is not None and not layer.op.arity[0])
        inputs = layer.inputs or (() if alone else (before,))
        yield replace(layer, inputs=inputs, where=layer.where or where)
        before = layer.name


def _link_problems(network: str, layer: LayerSpec, names: Collection[str], *, first: bool) -> Iterator[Problem]:
    for source in layer.inputs:
        if source not in names:
            message = f"Network {network}: {layer.name} takes {source!r}, and there is no such layer."
            yield Problem(message, layer.where, suggest(source, names))
    if layer.op is None:
        return
    if (layer.op.kind == INPUT) != first:
        message = f"Network {network}: expected the input layer first and only there, found it at {layer.name}."
        yield Problem(message, layer.where)
    least, most = layer.op.arity
    found = len(layer.inputs)
    if found < least or (most is not None and found > most):
        expected = f"{least} input{'s' if least != 1 else ''}" + (" or more" if most is None else "")
        message = f"Network {network}: {layer.name} ({layer.op.kind}) expects {expected}, found {found}."
        yield Problem(message, layer.where, "List its inputs by name.")


def _order(network: str, layers: Sequence[LayerSpec], where: str) -> tuple[Sequence[LayerSpec], list[Problem]]:
    """Computing order; the described order wherever it is one, and none at all where there is a cycle."""
    by_name = {layer.name: layer for layer in layers}
    try:
        order = list(graphlib.TopologicalSorter({layer.name: layer.inputs for layer in layers}).static_order())
    except graphlib.CycleError as cycle:
        path = list(reversed(cycle.args[1]))
        message = f"Network {network}: layers form a cycle: {' → '.join(path)}."
        return [], [Problem(message, by_name[path[0]].where or where, "Break it.")]
    seen: set[str] = set()
    for layer in layers:
        if not seen.issuperset(source for source in layer.inputs if source in by_name):
            return [by_name[name] for name in order if name in by_name], []
        seen.add(layer.name)
    return layers, []


def _infer(network: str, layers: Sequence[LayerSpec]) -> tuple[dict[str, Layer], list[Problem]]:
    """Shapes, layer by layer; every layer that can be checked is."""
    inferred: dict[str, Layer] = {}
    problems: list[Problem] = []
    for layer in layers:
        if layer.op is None or any(source not in inferred for source in layer.inputs):
            continue
        shapes = tuple(inferred[source].output for source in layer.inputs)
        try:
            output = layer.op.output(*shapes)
            inferred[layer.name] = Layer(layer.name, layer.op, layer.inputs, shapes, output, layer.tuning)
        except ShapeMismatch as wrong:
            message = (
                f"Network {network}: {layer.name} expects {wrong.expected}, found {wrong.found} "
                f"after {' and '.join(layer.inputs)}."
            )
            problems.append(Problem(message, layer.where, wrong.hint))
    return inferred, problems


def _head_problems(network: str, head: Layer, classes: int | None, where: str) -> Iterator[Problem]:
    if head.op.kind == "softmax":
        message = f"Network {network}: {head.name} is a softmax, expected logits."
        yield Problem(message, where, f"Name {head.inputs[0]}: the loss applies softmax.")
    elif len(head.output) != 1:
        message = f"Network {network}: {head.name} expects logits [classes], found shape {list(head.output)}."
        yield Problem(message, where, "Add a flatten or dense layer.")
    elif classes is not None and head.output[0] < classes:
        message = (
            f"Network {network}: {head.name} expects at least {classes} units, one per class, found {head.output[0]}."
        )
        yield Problem(message, where, "Write units: $classes.")
