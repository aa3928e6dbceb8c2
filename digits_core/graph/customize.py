"""A graph as a network file for people to change: commented, one layer per line, short forms throughout."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from digits_core.graph.blocks import ACTIVATIONS
from digits_core.graph.codec import CLASSES, told_fields
from digits_core.graph.graph import Graph, Layer, Loss
from digits_core.graph.groups import group_of
from digits_core.graph.initializers import Initializer
from digits_core.graph.ops import Op
from digits_core.graph.tuning import UNTUNED
from digits_core.spec.files import dump_flow
from digits_core.spec.model import Spec

_INITIALIZERS: TypeAdapter[Spec] = TypeAdapter(Initializer)
#: Operations through which a count of channels or units passes unchanged.
_PASSING = frozenset({"global_average_pool", "average_pool", "max_pool", "flatten", "dropout", *ACTIVATIONS})
#: The field that says how many channels or units an operation gives.
_COUNT = {"conv": "filters", "dense": "units"}


def customize(graph: Graph) -> str:
    """A network file from which `decode` makes an equal graph.

    The class count of every head is written ``$classes``, so that the file adapts to any dataset.
    """
    heads = dict.fromkeys((graph.output, *(loss.logits for loss in graph.losses)))
    counting = {name for head in heads for name in _counting(graph, head)}
    picture = {**told_fields(graph.input), "classes": graph.classes}
    lines = [*_header(graph), f"input: {dump_flow(picture)}", "layers:"]
    entries = _entries(graph, counting, set(heads))
    apart = False
    for group, layers in itertools.groupby(entries, key=lambda entry: group_of(entry["name"])):
        lines += [""] * (apart or bool(group)) + [f"  # {group}"] * bool(group)
        lines += [f"  - {dump_flow(layer)}" for layer in layers]
        apart = True
    return "\n".join([*lines, *_losses(graph)]) + "\n"


def _header(graph: Graph) -> Iterator[str]:
    # No counts: they would be wrong from the first change on.
    yield f"# Begun from {graph.name}. Give it a name of its own once it is another network."
    yield "# A layer takes the one above it unless it says inputs. $classes is the number of classes of the dataset,"
    yield "# whose size replaces that of input. To see what is wrong after a change: digits network check FILE"
    yield "format: digits/network"
    yield "version: 1"
    yield f"name: {dump_flow(graph.name)}"


def _counting(graph: Graph, head: str) -> Iterator[str]:
    """The layer whose filters or units are the class count of ``head``, if it is as many as the network's."""
    layer = graph.layer(head)
    while layer.op.kind in _PASSING and layer.output[0] == layer.input_shapes[0][0]:
        layer = graph.layer(layer.inputs[0])
    if layer.op.kind in _COUNT and layer.output[0] == graph.classes:
        yield layer.name


def _entries(graph: Graph, counting: set[str], heads: set[str]) -> Iterator[dict[str, Any]]:
    """Layers as they are written; an activation of the usual name becomes a field of the layer it follows."""
    takers = Counter(source for layer in graph.layers for source in layer.inputs)
    before, after = graph.layers[0], iter(itertools.pairwise((*graph.layers[1:], None)))
    for layer, following in after:
        assert layer is not None
        entry: dict[str, Any] = {"name": layer.name, "op": layer.op.kind}
        if layer.inputs != (before.name,):
            entry["inputs"] = layer.inputs[0] if len(layer.inputs) == 1 else list(layer.inputs)
        entry |= {key: _short(value) for key, value in _ordered(layer.op).items()} | told_fields(layer.tuning)
        if layer.name in counting:
            entry[_COUNT[layer.op.kind]] = CLASSES
        before = layer
        if following is not None and _folds(layer, following) and takers[layer.name] == 1 and layer.name not in heads:
            entry["activation"] = following.op.kind
            next(after, None)
            before = following
        yield entry


def _ordered(op: Op) -> dict[str, Any]:
    """Fields that differ from their defaults, those that the operation shares with others last."""
    own = type(op).__annotations__
    return dict(sorted(told_fields(op).items(), key=lambda item: item[0] not in own))


def _folds(layer: Layer, following: Layer) -> bool:
    plain = following.op.kind in ACTIVATIONS and not told_fields(following.op) and following.tuning == UNTUNED
    return plain and following.name == f"{layer.name}.activation" and following.inputs == (layer.name,)


def _losses(graph: Graph) -> Iterator[str]:
    if graph.losses != (Loss(graph.output),):
        yield ""
        yield "losses:"
        for loss in graph.losses:
            entry: dict[str, Any] = {"logits": loss.logits, "weight": loss.weight}
            smoothing = {"label_smoothing": loss.label_smoothing} if loss.label_smoothing else {}
            yield f"  - {dump_flow(entry | smoothing)}"
    if graph.output != graph.layers[-1].name:
        yield f"output: {dump_flow(graph.output)}"


def _short(value: Any) -> Any:
    """A field in its short form: one number for equal sides or a constant, only the name of a usual initializer.

    >>> _short([3, 3]), _short([1, 1, 2, 2]), _short({"name": "he_normal"}), _short({"name": "constant", "value": 0.2})
    (3, [1, 2], 'he_normal', 0.2)
    """
    if isinstance(value, list) and len(set(value)) == 1:
        return value[0]
    if isinstance(value, list) and len(value) == 4 and value[0] == value[1] and value[2] == value[3]:
        return [value[0], value[2]]
    if isinstance(value, dict) and value.get("name") == "constant":
        return value["value"]
    if isinstance(value, dict):
        kept = told_fields(_INITIALIZERS.validate_python(value))
        return {"name": value["name"], **kept} if kept else value["name"]
    return value
