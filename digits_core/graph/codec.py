"""Networks as YAML and JSON: a versioned description in, a checked graph out, and back.

::

    format: digits/network
    version: 1
    name: tiny
    input: {channels: 1, height: 28, width: 28, scale: 0.0125}
    blocks:                                                  # layers that are used by name, see `graph.blocks`
      stage:
        parameters: {filters: required, kernel: 3}
        layers:
          - {name: conv, op: conv, filters: $filters, kernel: $kernel, activation: relu}
          - {name: pool, op: max_pool, kernel: 2, stride: 2}
    layers:
      - {name: stage1, block: stage, filters: 20}            # takes the layer before it
      - {name: stage2, block: stage, filters: 50, repeat: 2}
      - {name: logits, op: dense, units: $classes}           # filled from the dataset
    losses:
      - {logits: logits, weight: 1}                          # the default: the output, weight 1
    output: logits                                           # the default: the last layer

The size and class count of a dataset replace those of ``input``. The last dense layer without ``units`` gets the number
of classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from digits_core.errors import DigitsError, NetworkInvalid, Problem, require, suggest
from digits_core.graph.blocks import Expansion, Written
from digits_core.graph.check import check_network
from digits_core.graph.description import InputDescription, NetworkDescription
from digits_core.graph.graph import INPUT, Graph, LayerSpec, Loss, NetworkInput
from digits_core.graph.ops import OPS, Input, Op
from digits_core.graph.tuning import UNTUNED, Tuning
from digits_core.spec.model import Spec, parse
from digits_core.spec.origin import Origin

CLASSES = "$classes"

SpecT = TypeVar("SpecT", bound=Spec)


def decode(
    data: Any, *, input: NetworkInput | None = None, where: str | Origin = "", ops: Mapping[str, type[Op]] = OPS
) -> Graph:
    """A graph from plain data.

    Args:
        data: A network description, as read from YAML or JSON.
        input: Size and class count of a dataset; empty keeps those of the description.
        where: File the data is from, for errors; with the line of every value where they are known.
        ops: Known operations by kind.

    Raises:
        NetworkInvalid: With every problem of the description.
    """
    origin = where if isinstance(where, Origin) else Origin(where)
    problems: list[Problem] = []
    description, broken = _description(data, origin, problems)
    operation, classes = _input(description.input, input)
    expansion = Expansion(description.name, description.blocks, origin, broken)
    expansion.expand(description.layers, classes)
    problems += expansion.problems
    _fill_class_count(expansion.layers, classes)
    layers = [LayerSpec(INPUT, operation, where=origin.at("input"))]
    layers += [_understood(layer, description.name, ops, problems) for layer in expansion.layers]
    losses = [Loss(expansion.resolve(loss.logits), loss.weight, loss.label_smoothing) for loss in description.losses]
    output = expansion.resolve(description.output)
    places = {loss.logits: origin.at("losses", index, "logits") for index, loss in enumerate(losses)}
    found = check_network(
        description.name,
        layers,
        losses=losses,
        output=output,
        classes=input.classes if input else None,
        where=origin.name,
        heads=places | ({output: origin.at("output")} if output else {}),
    )
    require(dict.fromkeys([*problems, *found.problems]), NetworkInvalid)
    return Graph(description.name, found.layers, found.losses, found.output)


def encode(graph: Graph) -> dict[str, Any]:
    """Plain data from which `decode` makes an equal graph."""
    description: dict[str, Any] = {
        "format": "digits/network",
        "version": 1,
        "name": graph.name,
        "input": {**graph.input.model_dump(mode="json"), "classes": graph.classes},
        "layers": [],
        "losses": [
            {"logits": loss.logits, "weight": loss.weight, "label_smoothing": loss.label_smoothing}
            for loss in graph.losses
        ],
        "output": graph.output,
    }
    for layer in graph.layers[1:]:
        description["layers"].append(
            {
                "name": layer.name,
                "op": layer.op.kind,
                "inputs": list(layer.inputs),
                **told_fields(layer.op),
                **told_fields(layer.tuning),
            }
        )
    return description


def told_fields(op: Spec) -> dict[str, Any]:
    """Fields that differ from their defaults, whole: a nested initializer keeps its name."""
    defaults = {name: field.default for name, field in type(op).model_fields.items()}
    told = {name for name, value in op if value != defaults[name]}
    return op.model_dump(mode="json", include=told)


def _description(data: Any, origin: Origin, problems: list[Problem]) -> tuple[NetworkDescription, frozenset[str]]:
    """The description without what is wrong in it, so that the rest is looked at too; and which blocks are wrong."""
    try:
        return NetworkDescription.model_validate(data), frozenset()
    except ValidationError as refused:
        wrong = [detail["loc"] for detail in refused.errors()]
    try:
        parse(NetworkDescription, data, where=origin, error=NetworkInvalid)
    except NetworkInvalid as refused:
        problems += refused.problems
    if not all(place and place != ("blocks",) and place[0] != "layers" for place in wrong):
        raise NetworkInvalid(*problems)
    broken = frozenset(str(place[1]) for place in wrong if place[0] == "blocks")
    sound = {key: value for key, value in data.items() if key not in {place[0] for place in wrong}}
    if broken:
        sound["blocks"] = {kind: block for kind, block in data["blocks"].items() if str(kind) not in broken}
    return parse(NetworkDescription, {"name": "network", **sound}, where=origin, error=NetworkInvalid), broken


def _input(described: InputDescription, given: NetworkInput | None) -> tuple[Input, int]:
    if given is not None:
        return given.op(described.scale), given.classes
    fields = described.model_dump(exclude={"classes"})
    return Input(**fields), described.classes


def _fill_class_count(layers: list[Written], classes: int) -> None:
    dense = [layer.fields for layer in layers if layer.fields is not None and layer.fields.get("op") == "dense"]
    if dense:
        dense[-1].setdefault("units", classes)


def _understood(layer: Written, network: str, ops: Mapping[str, type[Op]], problems: list[Problem]) -> LayerSpec:
    """A layer with its operation, or without one where that is not understood."""
    found: list[Problem] = []
    fields = dict(layer.fields or {})
    tuning = _parsed(Tuning, {key: fields.pop(key) for key in Tuning.model_fields if key in fields}, layer, found)
    op = None if layer.fields is None else _op(layer, fields, network, ops, found)
    problems += () if layer.again else found
    return LayerSpec(layer.name, op, layer.inputs, layer.origin.at(), tuning or UNTUNED)


def _op(
    layer: Written, fields: dict[str, Any], network: str, ops: Mapping[str, type[Op]], problems: list[Problem]
) -> Op | None:
    kind = fields.pop("op", None)
    if not isinstance(kind, str) or kind not in ops:
        place = layer.origin.at("op")
        if place not in layer.unfilled:
            message = f"Network {network}: {layer.name} has an unknown op {kind!r}."
            problems.append(Problem(message, place, suggest(str(kind), ops)))
        return None
    return _parsed(ops[kind], fields, layer, problems)


def _parsed(model: type[SpecT], fields: dict[str, Any], layer: Written, problems: list[Problem]) -> SpecT | None:
    try:
        return parse(model, fields, where=layer.origin, error=NetworkInvalid)
    except DigitsError as refused:
        told = tuple(layer.unfilled)
        problems += [problem for problem in refused.problems if not (told and problem.where.startswith(told))]
        return None
