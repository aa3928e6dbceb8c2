"""Networks as YAML and JSON: a versioned description in, a checked graph out, and back.

::

    format: digits/network
    version: 1
    name: tiny
    input: {channels: 1, height: 28, width: 28, scale: 0.0125}
    layers:
      - {name: conv1, op: conv, filters: 20, kernel: 5}      # takes the layer before it
      - {name: pool1, op: max_pool, kernel: 2, stride: 2}
      - {name: logits, op: dense, units: $classes}           # filled from the dataset
    losses:
      - {logits: logits, weight: 1}                          # the default: the output, weight 1
    output: logits                                           # the default: the last layer

The size and class count of a dataset replace those of ``input``. The last dense layer without ``units`` gets the number
of classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from digits_core.errors import DigitsError, NetworkInvalid, Problem, require, suggest
from digits_core.graph.graph import INPUT, Graph, LayerSpec, Loss, NetworkInput
from digits_core.graph.ops import OPS, Input, Op
from digits_core.spec.model import Name, Spec, parse

CLASSES = "$classes"


class LossDescription(Spec):
    """One loss of a network description."""

    logits: str
    """Name of the layer of logits."""
    weight: float = Field(default=1.0, ge=0)
    """Factor in the total loss."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of the target that is spread over all classes."""


class InputDescription(Input):
    """The input of a network description; a dataset replaces its size."""

    channels: int = Field(default=3, ge=1)
    """Channels of the picture."""
    height: int = Field(default=256, ge=1)
    """Height in pixels."""
    width: int = Field(default=256, ge=1)
    """Width in pixels."""
    classes: int = Field(default=10, ge=1)
    """What `$classes` stands for where there is no dataset."""


class NetworkDescription(Spec):
    """A network file as it is read, before layers are understood."""

    format: Literal["digits/network"] = "digits/network"
    """What kind of file this is."""
    version: Literal[1] = 1
    """Version of the format."""
    name: Name
    """What the network is called."""
    input: InputDescription = InputDescription()
    """What pictures it takes."""
    layers: tuple[dict[str, Any], ...] = Field(min_length=1)
    """Layers in any order; each has a name, an op, maybe inputs, and the fields of the op."""
    losses: tuple[LossDescription, ...] = ()
    """What training minimises."""
    output: str = ""
    """The layer of logits that classifies."""


def decode(
    data: Any, *, input: NetworkInput | None = None, where: str = "", ops: Mapping[str, type[Op]] = OPS
) -> Graph:
    """A graph from plain data.

    Args:
        data: A network description, as read from YAML or JSON.
        input: Size and class count of a dataset; empty keeps those of the description.
        where: File the data is from, for errors.
        ops: Known operations by kind.

    Raises:
        NetworkInvalid: With every problem of the description.
    """
    description = parse(NetworkDescription, data, where=where, error=NetworkInvalid)
    operation, classes = _input(description.input, input)
    layers = [LayerSpec(INPUT, operation, where=f"{where}, input".lstrip(", "))]
    problems: list[Problem] = []
    raw = _with_class_count([dict(layer) for layer in description.layers], classes)
    for index, layer in enumerate(raw):
        place = f"{where}, layers[{index}]".lstrip(", ")
        try:
            layers.append(_layer(layer, place, description.name, ops))
        except DigitsError as refused:
            problems += refused.problems
    require(problems, NetworkInvalid)
    losses = [Loss(loss.logits, loss.weight, loss.label_smoothing) for loss in description.losses]
    return Graph.of(
        description.name,
        layers,
        losses=losses,
        output=description.output,
        classes=input.classes if input else None,
        where=where,
    )


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
            {"name": layer.name, "op": layer.op.kind, "inputs": list(layer.inputs), **_told_fields(layer.op)}
        )
    return description


def _told_fields(op: Op) -> dict[str, Any]:
    """Fields that differ from their defaults, whole: a nested initializer keeps its name."""
    defaults = {name: field.default for name, field in type(op).model_fields.items()}
    told = {name for name, value in op if value != defaults[name]}
    return op.model_dump(mode="json", include=told)


def _input(described: InputDescription, given: NetworkInput | None) -> tuple[Input, int]:
    if given is not None:
        return given.op(described.scale), given.classes
    fields = described.model_dump(exclude={"classes"})
    return Input(**fields), described.classes


def _with_class_count(layers: list[dict[str, Any]], classes: int) -> list[dict[str, Any]]:
    filled = [{key: classes if value == CLASSES else value for key, value in layer.items()} for layer in layers]
    dense = [layer for layer in filled if layer.get("op") == "dense"]
    if dense and "units" not in dense[-1]:
        dense[-1]["units"] = classes
    return filled


def _layer(data: dict[str, Any], where: str, network: str, ops: Mapping[str, type[Op]]) -> LayerSpec:
    name, kind, inputs = data.pop("name", None), data.pop("op", None), data.pop("inputs", ())
    inputs = (inputs,) if isinstance(inputs, str) else inputs
    problems: list[Problem] = []
    if not isinstance(name, str) or not name:
        problems.append(Problem(f"Network {network}: a layer expects a name, found {name!r}.", where, "Add name: …"))
    else:
        where = f"{where} {name}"
    if not isinstance(inputs, (list, tuple)) or not all(isinstance(source, str) for source in inputs):
        problems.append(Problem(f"Network {network}: inputs expects names of layers, found {inputs!r}.", where))
    if not isinstance(kind, str) or kind not in ops:
        problems.append(Problem(f"Network {network}: unknown op {kind!r}.", where, suggest(str(kind), ops)))
        raise NetworkInvalid(*problems)
    try:
        op = parse(ops[kind], data, where=where, error=NetworkInvalid)
    except NetworkInvalid as refused:
        problems += refused.problems
    require(problems, NetworkInvalid)
    return LayerSpec(str(name), op, tuple(inputs), where)
