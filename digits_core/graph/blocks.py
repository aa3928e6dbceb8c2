"""Short forms of a network file written out: uses of blocks, repetitions, parameters and activations.

A use ``{name: res2, block: residual, filters: 64, repeat: 3}`` becomes the layers of the block, ``res2.1.conv1`` to
``res2.3.sum``; without ``repeat`` they are called ``res2.conv1`` and so on. ``res2`` itself stands for what the last
repetition gives. A layer ``{name: conv1, …, activation: relu}`` becomes ``conv1`` and ``conv1.activation``, and whoever
takes ``conv1`` takes what its activation gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from digits_core.errors import Problem, suggest
from digits_core.graph.check import name_problems
from digits_core.graph.description import BlockDescription
from digits_core.graph.layers import INPUT
from digits_core.spec.origin import Origin

#: Operations that the field ``activation`` of a layer may name.
ACTIVATIONS = ("relu", "relu6", "tanh", "sigmoid", "silu", "gelu", "hard_sigmoid", "hard_swish")
#: The default of a parameter that has none.
REQUIRED = "required"
#: Keys of a use that are not parameters of its block, and so cannot be names of parameters.
USE_KEYS = frozenset({"name", "block", "inputs", "repeat"})
#: More layers than this are a mistake, or an attack on memory.
MOST_LAYERS = 10_000

_INPUT = re.compile(r"\$input([2-9]?)")


@dataclass(slots=True)
class Written:
    """A layer with its whole name, parameters filled in.

    Attributes:
        name: Its name.
        fields: ``op`` and the fields of the operation; None where the entry is not understood, which is told already.
        inputs: Names of the layers it takes.
        origin: Where it is written.
        unfilled: Places of fields whose parameter is unknown, which is told already.
        again: Whether it is a further repetition, whose mistakes were told for the first one.
    """

    name: str
    fields: dict[str, Any] | None
    inputs: tuple[str, ...]
    origin: Origin
    unfilled: tuple[str, ...] = ()
    again: bool = False


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where layers are written: at the top, or in one use of a block."""

    values: Mapping[str, Any]
    prefix: str = ""
    inputs: tuple[str, ...] = (INPUT,)
    within: tuple[str, ...] = ()
    again: bool = False


@dataclass
class Expansion:
    """The layers of a description, written out one by one.

    Attributes:
        network: Its name, for errors.
        blocks: Its blocks by name.
        origin: Where the description is from.
        broken: Names of blocks that are not understood, which is told already.
        layers: What was written out so far, in order.
        problems: What is wrong so far.
    """

    network: str
    blocks: Mapping[str, BlockDescription]
    origin: Origin
    broken: frozenset[str] = frozenset()
    layers: list[Written] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _stands_for: dict[str, str] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)

    def expand(self, entries: Sequence[Any], classes: int) -> None:
        """Write out the layers of a description; ``$classes`` is ``classes``."""
        for kind, block in self.blocks.items():
            self.problems += self._block_problems(kind, block)
        self._write(entries, self.origin.within("layers"), _Scope({"classes": classes}))
        known = {INPUT, *(layer.name for layer in self.layers)}
        for layer in self.layers:
            layer.inputs = tuple(self.resolve(source, layer.name) for source in layer.inputs)
            if layer.again and not known.issuperset(layer.inputs):  # As in the first repetition, where it is told.
                layer.fields, layer.inputs = None, (INPUT,)

    def resolve(self, name: str, taker: str = "") -> str:
        """The layer that ``name`` stands for: the last of a block, or the activation of a layer."""
        while name in self._stands_for and self._stands_for[name] != taker:
            name = self._stands_for[name]
        return name

    def _write(self, entries: Sequence[Any], origin: Origin, scope: _Scope) -> None:
        before = scope.inputs[0]
        for index, entry in enumerate(entries):
            before = self._entry(entry, origin.within(index), scope, before)

    def _entry(self, entry: Any, origin: Origin, scope: _Scope, before: str) -> str:
        """Write out one entry and give its name."""
        if not isinstance(entry, Mapping):
            hint = "Write {name: …, op: …}."
            self._complain(scope, f"a layer expects keys and values, found {entry!r}.", origin.at(), hint)
            return before
        fields, unknown = dict(entry), []
        name = scope.prefix + self._name(fields.pop("name", None), origin, scope)
        origin = origin.within(label=name)
        if name in self._names:
            self._complain(scope, f"layer name {name!r} is used twice.", origin.at(), "Rename one of the two.")
            return name
        self._names.add(name)
        inputs = self._inputs(fields.pop("inputs", None), origin, scope) or (before,)
        for key, value in fields.items():
            fields[key], missing = _filled(value, scope.values)
            unknown += [origin.at(key)] * bool(missing)
            for word in missing:
                hint = suggest(word, scope.values)
                self._complain(scope, f"there is no parameter ${word}.", origin.at(key), hint)
        if "block" in fields:
            self._use(Written(name, fields, inputs, origin), scope)
        else:
            self._layer(Written(name, fields, inputs, origin, tuple(unknown), scope.again), scope)
        return name

    def _name(self, name: Any, origin: Origin, scope: _Scope) -> str:
        if not isinstance(name, str) or not name:
            self._complain(scope, f"a layer expects a name, found {name!r}.", origin.at(), "Add name: …")
            return f"layer #{origin.path[-1]}"
        self.problems += () if scope.again else name_problems(self.network, scope.prefix + name, origin.at())
        return name

    def _inputs(self, inputs: Any, origin: Origin, scope: _Scope) -> tuple[str, ...]:
        """The layers that are taken, by their whole names."""
        words = () if inputs is None else (inputs,) if isinstance(inputs, str) else inputs
        if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) for word in words):
            self._complain(scope, f"inputs expects names of layers, found {inputs!r}.", origin.at("inputs"))
            return ()
        sources = []
        for word in words:
            asked = _INPUT.fullmatch(word)
            if asked and scope.within:
                sources.append(scope.inputs[int(asked[1] or 1) - 1])
            else:
                sources.append(word if word == INPUT and not scope.within else scope.prefix + word)
        return tuple(sources)

    def _layer(self, layer: Written, scope: _Scope) -> None:
        assert layer.fields is not None
        activation = layer.fields.pop("activation", None)
        self._add(layer)
        if activation is None:
            return
        name, place = f"{layer.name}.activation", layer.origin.at("activation")
        fields = {"op": activation} if activation in ACTIVATIONS else None
        if fields is None and place not in layer.unfilled:
            hint = suggest(str(activation), ACTIVATIONS)
            self._complain(scope, f"unknown activation {activation!r}.", place, hint)
        self._stands_for[layer.name] = name
        self._add(Written(name, fields, (layer.name,), layer.origin, again=scope.again))

    def _add(self, layer: Written) -> None:
        if len(self.layers) == MOST_LAYERS:
            message = f"Network {self.network}: there are more than {MOST_LAYERS} layers."
            self.problems.append(Problem(message, layer.origin.at(), "Repeat less."))
        if len(self.layers) <= MOST_LAYERS:
            self.layers.append(layer)

    def _use(self, use: Written, scope: _Scope) -> None:
        """Write out a block as often as a use of it says."""
        assert use.fields is not None
        kind, repeat = use.fields.pop("block"), use.fields.pop("repeat", None)
        block = self.blocks.get(kind) if isinstance(kind, str) else None
        problems = [*self._use_problems(kind, block, repeat, use, scope.within)]
        if problems or block is None:
            self.problems += () if scope.again else problems
            self._add(replace(use, fields=None))
            return
        values = {**_filled(block.parameters, scope.values)[0], **use.fields, "classes": scope.values["classes"]}
        inner = _Scope(values, within=(*scope.within, kind))
        line = use.origin.line
        note = ", ".join(filter(None, (f"used at line {line}" if line else f"used by {use.name}", use.origin.note)))
        origin, output = self.origin.within("blocks", kind, "layers", note=note), ""
        for turn in range(1, (repeat or 1) + 1):
            prefix = f"{use.name}." if repeat is None else f"{use.name}.{turn}."
            inputs = (output, *use.inputs[1:]) if output else use.inputs
            self._write(
                block.layers, origin, replace(inner, prefix=prefix, inputs=inputs, again=scope.again or turn > 1)
            )
            output = prefix + _output(block)
            if len(self.layers) > MOST_LAYERS:
                break
        self._stands_for[use.name] = output

    def _use_problems(
        self, kind: Any, block: BlockDescription | None, repeat: Any, use: Written, within: tuple[str, ...]
    ) -> Iterator[Problem]:
        assert use.fields is not None
        say, place = f"Network {self.network}: {use.name}", use.origin
        if repeat is not None and (not isinstance(repeat, int) or isinstance(repeat, bool) or repeat < 1):
            yield Problem(f"{say}: repeat expects a number of at least 1, found {repeat!r}.", place.at("repeat"))
        if block is None and str(kind) in self.broken:
            return
        if block is None:
            yield Problem(f"{say}: unknown block {kind!r}.", place.at("block"), suggest(str(kind), self.blocks))
            return
        if kind in within:
            path = " → ".join((*within[within.index(kind) :], kind))
            yield Problem(f"{say}: block {kind} uses itself: {path}.", place.at("block"), "Break the circle.")
        for key in sorted(use.fields.keys() - block.parameters.keys(), key=str):
            hint = suggest(str(key), block.parameters)
            yield Problem(f"{say}: block {kind} has no parameter {key!r}.", place.at(key), hint)
        for key, value in block.parameters.items():
            if value == REQUIRED and key not in use.fields:
                yield Problem(f"{say}: block {kind} expects {key}, found none.", place.at(), f"Add {key}: …")
        taken, found = _inputs_taken(block), len(use.inputs)
        if found != taken:
            expected = f"{taken} input{'s' if taken > 1 else ''}"
            yield Problem(f"{say}: block {kind} expects {expected}, found {found}.", place.at(), "List them by name.")

    def _block_problems(self, kind: str, block: BlockDescription) -> Iterator[Problem]:
        place = self.origin.within("blocks", kind)
        for name in sorted(block.parameters.keys() & (USE_KEYS | {"classes", "input"})):
            message = f"Network {self.network}: block {kind} expects another name for its parameter {name!r}."
            yield Problem(message, place.at("parameters", name), f"{name} has a meaning of its own.")
        names = [entry.get("name") for entry in block.layers if isinstance(entry, Mapping)]
        if block.output and block.output not in names:
            message = f"Network {self.network}: block {kind} gives {block.output!r}, and has no such layer."
            yield Problem(message, place.at("output"), suggest(block.output, (str(name) for name in names)))

    def _complain(self, scope: _Scope, message: str, where: str, hint: str = "") -> None:
        if not scope.again:
            self.problems.append(Problem(f"Network {self.network}: {message}", where, hint))


def _output(block: BlockDescription) -> str:
    last = block.layers[-1]
    return block.output or (str(last.get("name")) if isinstance(last, Mapping) else "")


def _inputs_taken(block: BlockDescription) -> int:
    """How many layers a block takes: as many as its layers name, at least one."""
    given = [entry.get("inputs") for entry in block.layers if isinstance(entry, Mapping)]
    words = [word for inputs in given for word in (inputs if isinstance(inputs, list) else [inputs])]
    asked = [_INPUT.fullmatch(word) for word in words if isinstance(word, str)]
    return max((int(found[1] or 1) for found in asked if found), default=1)


def _filled(value: Any, values: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """A value with its parameters filled in, and parameters that there are none of."""
    if isinstance(value, str) and value.startswith("$"):
        known = value[1:] in values
        return (values[value[1:]], []) if known else (value, [value[1:]])
    if isinstance(value, Mapping):
        filled = [_filled(inner, values) for inner in value.values()]
        return dict(zip(value, (inner for inner, _ in filled), strict=True)), _all_missing(filled)
    if isinstance(value, list):
        filled = [_filled(inner, values) for inner in value]
        return [inner for inner, _ in filled], _all_missing(filled)
    return value, []


def _all_missing(filled: Iterable[tuple[Any, list[str]]]) -> list[str]:
    return [word for _, missing in filled for word in missing]
