"""The graph: layers in computing order with every shape known."""

from __future__ import annotations

import graphlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from digits_core.errors import NetworkInvalid, Problem, require, suggest
from digits_core.graph.ops import Input, Op, Parameter
from digits_core.graph.shapes import Shape, ShapeMismatch
from digits_core.spec.model import NAME_PATTERN

INPUT = "input"


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """What a dataset tells a network.

    Attributes:
        channels: 1 or 3.
        height: Height in pixels, after cropping.
        width: Width in pixels, after cropping.
        classes: Number of classes.
        mean: What the input layer subtracts: ``none``, ``pixel`` or ``image``.
    """

    channels: int
    height: int
    width: int
    classes: int
    mean: Literal["none", "pixel", "image"] = "none"

    def op(self, scale: float = 1.0) -> Input:
        """The input operation of a network for this."""
        return Input(channels=self.channels, height=self.height, width=self.width, scale=scale, mean=self.mean)


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """A layer as it is described, before shapes are known.

    Attributes:
        name: Its name, unique in the network.
        op: What it computes.
        inputs: Names of the layers it takes; empty: the layer described before it.
        where: Place in a file, for errors.
    """

    name: str
    op: Op
    inputs: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer with known shapes.

    Attributes:
        name: Its name, the first part of its weights' canonical names.
        op: What it computes.
        inputs: Names of the layers it takes.
        input_shapes: Their shapes.
        output: Its shape.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output: Shape

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Its weights under their canonical names."""
        local = self.op.parameters(*self.input_shapes)
        return {f"{self.name}/{name}": parameter for name, parameter in local.items()}

    @property
    def parameter_count(self) -> int:
        """Number of trainable elements."""
        return sum(parameter.size for parameter in self.parameters.values() if parameter.trainable)

    @property
    def flops(self) -> int:
        """Floating point operations per picture, forward."""
        return self.op.flops(self.input_shapes, self.output)


@dataclass(frozen=True, slots=True)
class Loss:
    """Mean softmax cross-entropy of a layer of logits.

    ``−Σ target·log softmax(logits)``, the target being ``1 − smoothing`` at the label plus ``smoothing / classes``.

    Attributes:
        logits: Name of the layer.
        weight: Factor in the total loss.
        label_smoothing: Share of the target that is spread over all classes.
    """

    logits: str
    weight: float = 1.0
    label_smoothing: float = 0.0


@dataclass(frozen=True)
class Graph:
    """A network with every shape known; make one with `Graph.of`.

    Attributes:
        name: What it is called.
        layers: In computing order, the input first.
        losses: What training minimises, a weighted sum.
        output: Name of the layer of logits that classifies.
    """

    name: str
    layers: tuple[Layer, ...]
    losses: tuple[Loss, ...]
    output: str

    @classmethod
    def of(
        cls,
        name: str,
        layers: Sequence[LayerSpec],
        *,
        losses: Sequence[Loss] = (),
        output: str = "",
        classes: int | None = None,
        where: str = "",
    ) -> Graph:
        """Order layers, infer shapes and check everything.

        Args:
            name: What the network is called.
            layers: Descriptions; the first is the input.
            losses: What training minimises; empty: the output with weight 1.
            output: The layer of logits that classifies; empty: the last layer.
            classes: How many logits the output and every loss must have.
            where: File the description is from.

        Raises:
            NetworkInvalid: With every problem found.
        """
        linked = _link(name, layers, where)
        ordered = _order(name, linked, where)
        inferred = _infer(name, ordered, where)
        output = output or linked[-1].name
        losses = tuple(losses) or (Loss(output),)
        require(
            _check_heads(name, inferred, (output, *(loss.logits for loss in losses)), classes, where), NetworkInvalid
        )
        return cls(name, tuple(inferred.values()), tuple(losses), output)

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """Every weight under its canonical name, in layer order."""
        return {name: parameter for layer in self.layers for name, parameter in layer.parameters.items()}

    @property
    def parameter_count(self) -> int:
        """Number of trainable elements."""
        return sum(layer.parameter_count for layer in self.layers)

    @property
    def flops(self) -> int:
        """Floating point operations per picture, forward."""
        return sum(layer.flops for layer in self.layers)

    @property
    def input(self) -> Input:
        """The input operation."""
        operation = self.layers[0].op
        assert isinstance(operation, Input)
        return operation

    @property
    def classes(self) -> int:
        """Number of logits of the output."""
        return self.layer(self.output).output[0]

    def layer(self, name: str) -> Layer:
        """The layer called ``name``.

        Raises:
            NetworkInvalid: If there is none; close matches are in the hint.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in self.layers]
        raise NetworkInvalid(f"Network {self.name} has no layer {name!r}.", hint=suggest(name, names))

    def needed_for(self, targets: Iterable[str]) -> tuple[Layer, ...]:
        """The layers that ``targets`` depend on, themselves included, in computing order."""
        wanted = {self.layer(target).name for target in targets}
        for layer in reversed(self.layers):
            if layer.name in wanted:
                wanted.update(layer.inputs)
        return tuple(layer for layer in self.layers if layer.name in wanted)


def infer_shapes(name: str, layers: Sequence[LayerSpec], where: str = "") -> dict[str, Shape]:
    """The shape of every layer of a network that is not complete yet, for what is to be built upon them.

    Args:
        name: What the network is called.
        layers: Descriptions; the first is the input.
        where: File the description is from.

    Raises:
        NetworkInvalid: With every problem found.
    """
    inferred = _infer(name, _order(name, _link(name, layers, where), where), where)
    return {layer.name: layer.output for layer in inferred.values()}


def _link(name: str, layers: Sequence[LayerSpec], where: str) -> list[LayerSpec]:
    """Fill default inputs; check names, references and numbers of inputs."""
    linked: list[LayerSpec] = []
    for layer in layers:
        inputs = layer.inputs
        if not inputs and linked and layer.op.arity[0]:
            inputs = (linked[-1].name,)
        linked.append(LayerSpec(layer.name, layer.op, inputs, layer.where or where))
    problems = [*_name_problems(name, name, where)]
    for index, layer in enumerate(linked):
        problems += [*_name_problems(name, layer.name, layer.where), *_link_problems(name, linked, index)]
    if len(layers) < 2:
        problems.append(
            Problem(f"Network {name} has no layers after its input.", where, "Describe at least one layer.")
        )
    require(problems, NetworkInvalid)
    return linked


def _name_problems(network: str, word: str, where: str) -> Iterator[Problem]:
    if not re.fullmatch(NAME_PATTERN, word):
        message = f"Network {network}: a name expects letters, digits, '.', '_' and '-', found {word!r}."
        yield Problem(message, where, "Choose another name.")


def _link_problems(network: str, layers: Sequence[LayerSpec], index: int) -> Iterator[Problem]:
    names, layer = [layer.name for layer in layers], layers[index]
    if layer.name in names[:index]:
        message = f"Network {network}: layer name {layer.name!r} is used twice."
        yield Problem(message, layer.where, "Rename one of the two.")
    if (layer.op.kind == INPUT) != (index == 0):
        message = f"Network {network}: expected the input layer first and only there, found it at {layer.name}."
        yield Problem(message, layer.where)
    for source in layer.inputs:
        if source not in names:
            message = f"Network {network}: {layer.name} takes {source!r}, and there is no such layer."
            yield Problem(message, layer.where, suggest(source, names))
    least, most = layer.op.arity
    found = len(layer.inputs)
    if found < least or (most is not None and found > most):
        expected = f"{least} input{'s' if least != 1 else ''}" + (" or more" if most is None else "")
        message = f"Network {network}: {layer.name} ({layer.op.kind}) expects {expected}, found {found}."
        yield Problem(message, layer.where, "List its inputs by name.")


def _order(name: str, layers: Sequence[LayerSpec], where: str) -> list[LayerSpec]:
    """Computing order; the described order wherever it is one."""
    by_name = {layer.name: layer for layer in layers}
    try:
        order = list(graphlib.TopologicalSorter({layer.name: layer.inputs for layer in layers}).static_order())
    except graphlib.CycleError as cycle:
        path = " → ".join(reversed(cycle.args[1]))
        raise NetworkInvalid(f"Network {name}: layers form a cycle: {path}.", where=where, hint="Break it.") from None
    seen: set[str] = set()
    if all(not set(layer.inputs) - seen and not seen.add(layer.name) for layer in layers):  # type: ignore[func-returns-value]
        return list(layers)
    return [by_name[layer] for layer in order]


def _infer(name: str, layers: Sequence[LayerSpec], where: str) -> dict[str, Layer]:
    """Shapes, layer by layer; every layer that can be checked is."""
    inferred: dict[str, Layer] = {}
    problems: list[Problem] = []
    for layer in layers:
        if any(source not in inferred for source in layer.inputs):
            continue
        shapes = tuple(inferred[source].output for source in layer.inputs)
        try:
            inferred[layer.name] = Layer(layer.name, layer.op, layer.inputs, shapes, layer.op.output(*shapes))
        except ShapeMismatch as wrong:
            message = (
                f"Network {name}: {layer.name} expects {wrong.expected}, found {wrong.found} "
                f"after {' and '.join(layer.inputs)}."
            )
            problems.append(Problem(message, layer.where, wrong.hint))
    require(problems, NetworkInvalid)
    return inferred


def _check_heads(
    name: str, layers: dict[str, Layer], heads: Sequence[str], classes: int | None, where: str
) -> Iterable[Problem]:
    for head in dict.fromkeys(heads):
        if head not in layers:
            yield Problem(
                f"Network {name}: loss or output names layer {head!r}, and there is none.", where, suggest(head, layers)
            )
            continue
        layer = layers[head]
        if layer.op.kind == "softmax":
            yield Problem(
                f"Network {name}: {head} is a softmax, expected logits.",
                where,
                f"Name {layer.inputs[0]}: the loss applies softmax.",
            )
        elif len(layer.output) != 1:
            yield Problem(
                f"Network {name}: {head} expects logits [classes], found shape {list(layer.output)}.",
                where,
                "Add a flatten or dense layer.",
            )
        elif classes is not None and layer.output[0] < classes:
            yield Problem(
                f"Network {name}: {head} expects at least {classes} units, one per class, found {layer.output[0]}.",
                where,
                "Write units: $classes.",
            )
