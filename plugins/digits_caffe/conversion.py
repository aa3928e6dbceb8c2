"""The walk over the layers of a network: what each blob is by now, and what has been made of the layers so far."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from digits_caffe.layers import CaffeLayer
from digits_caffe.operations import OPERATIONS, has_scale_and_bias
from digits_core.errors import DigitsError, Problem, suggest
from digits_core.graph.graph import INPUT, Graph, LayerSpec, Loss
from digits_core.graph.ops import Flatten, Input, Op
from digits_core.graph.shapes import Shape, ShapeMismatch
from digits_core.graph.tuning import Tuning

#: Types that only measure or silence.
IGNORED = frozenset({"Accuracy", "ArgMax", "Silence"})
LOSSES = frozenset({"SoftmaxWithLoss"})
#: Well-known types that nothing here can express, and why.
REFUSED = {
    "Deconvolution": "There is no transposed convolution here.",
    "Slice": "Use groups in the convolutions that follow, or cut the file by hand.",
    "PReLU": "There is no slope below 0 here; ReLU is the closest.",
    "ELU": "There is no ELU here; ReLU is the closest.",
    "Python": "It runs code of its own, which is not in the file.",
    "EuclideanLoss": "Networks that classify are imported; their loss is SoftmaxWithLoss.",
    "SigmoidCrossEntropyLoss": "Networks that classify are imported; their loss is SoftmaxWithLoss.",
    "MultinomialLogisticLoss": "Use SoftmaxWithLoss on the logits.",
    "HingeLoss": "Use SoftmaxWithLoss on the logits.",
}


def read_by(layer: CaffeLayer) -> tuple[str, ...]:
    """The blobs that ``layer`` computes with; labels are not."""
    if layer.type in IGNORED:
        return ()
    return layer.bottoms[:1] if layer.type in LOSSES else layer.bottoms


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a layer's weights are found.

    Attributes:
        name: The layer of the graph.
        layer: The layer of Caffe; a batch norm has a second origin of type Scale.
    """

    name: str
    layer: CaffeLayer


class Conversion:
    """The state of the walk.

    Args:
        name: What the network is called.
        layers: Its layers in the order of the file.
        blob: The blob that pictures come in.
        input: The input operation.
    """

    def __init__(self, name: str, layers: Sequence[CaffeLayer], blob: str, input: Input) -> None:
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.origins: list[Origin] = []
        self._network, self._layers, self._input = name, layers, input
        self._specs: dict[str, LayerSpec] = {}
        self._shapes: dict[str, Shape] = {INPUT: input.output()}
        # After a layer that cannot be understood shapes are only guessed; what they lead to is not reported.
        self._guessed: set[str] = set()
        self._blobs = {blob: INPUT}
        self._losses: list[Loss] = []
        self._ends: list[str] = []
        self._owners: dict[str, CaffeLayer] = {}

    def take(self, index: int) -> None:
        """Convert the layer at ``index``; what is wrong with it joins the problems."""
        layer = self._layers[index]
        if layer.type in IGNORED:
            return
        missing = [blob for blob in read_by(layer) if blob not in self._blobs]
        if missing or not layer.bottoms:
            found = f"{' and '.join(missing)}, which no layer before it gives" if missing else "none"
            self._report(layer, f"{layer.name} ({layer.type}) expects blobs that are there, found {found}.")
            self._pass_on(layer, INPUT, guessed=True)
            return
        sources = tuple(self._blobs[blob] for blob in read_by(layer))
        if layer.type in LOSSES:
            weight = (layer.message.numbers("loss_weight") or (1.0,))[0]
            self._losses.append(Loss(sources[0], weight))
        elif not self._is_part_of_another(index, layer, sources[0]):
            self._compute(layer, sources)

    def graph(self, file: str) -> Graph:
        """The graph of everything that a loss or the output needs; ``file`` names it in errors.

        Raises:
            NetworkInvalid: If it is no network that classifies.
        """
        last = (self._ends or [*self._specs] or [INPUT])[-1]
        losses = [Loss(self._flat(loss.logits), loss.weight) for loss in self._losses if loss.weight > 0]
        # Auxiliary losses weigh less and come first.
        output = max(reversed(losses), key=lambda loss: loss.weight).logits if losses else self._flat(last)
        needed = self._needed({output, *(loss.logits for loss in losses)})
        left_out = [name for name in self._specs if name not in needed]
        if left_out:
            self.notes.append(f"Left out, because no loss and no output needs them: {', '.join(left_out)}.")
        specs = [
            LayerSpec(INPUT, self._input, where=file),
            *(spec for name, spec in self._specs.items() if name in needed),
        ]
        return Graph.of(self._network, specs, losses=losses, output=output, where=file)

    def _is_part_of_another(self, index: int, layer: CaffeLayer, source: str) -> bool:
        """Whether the layer became part of the one before it, or is the softmax at the end."""
        if layer.type == "Softmax" and not self._readers(index):
            self._ends.append(source)
        elif layer.type == "Power" and source == INPUT and self._scales_pictures(layer):
            self._pass_on(layer, source)
        elif layer.type == "Scale" and self._completes_batch_norm(layer, source):
            self.origins.append(Origin(source, layer))
            self._tune(source, layer)
            self._pass_on(layer, source)
        else:
            return False
        return True

    def _scales_pictures(self, layer: CaffeLayer) -> bool:
        """DIGITS' LeNet scales its pictures by such a layer."""
        param = layer.param("power_param")
        factor = param.number("scale", 1)
        readers = [other for other in self._layers if layer.bottoms[0] in read_by(other)]
        if factor <= 0 or param.number("power", 1) != 1 or param.number("shift", 0) != 0 or readers != [layer]:
            return False
        self._input = self._input.model_copy(update={"scale": self._input.scale * factor})
        return True

    def _completes_batch_norm(self, layer: CaffeLayer, source: str) -> bool:
        made = [origin for origin in self.origins if origin.name == source]
        if len(layer.bottoms) != 1 or len(made) != 1 or made[0].layer.type != "BatchNorm":
            return False
        if has_scale_and_bias(made[0].layer):
            return False
        normalises = next(index for index, other in enumerate(self._layers) if other is made[0].layer)
        return self._readers(normalises) == [layer]

    def _tune(self, norm: str, layer: CaffeLayer) -> None:
        """Take the factors of a layer of type Scale over to the batch norm that it completes."""
        (rate, offset_rate), (decay, offset_decay) = ((*given, 1.0, 1.0)[:2] for given in (layer.rates, layer.decays))
        self._specs[norm] = replace(self._specs[norm], tuning=Tuning(rate_multiplier=rate, decay_multiplier=decay))
        if layer.param("scale_param").flag("bias_term", False) and (rate, decay) != (offset_rate, offset_decay):
            self.notes.append(f"{layer.name} ({layer.type}): lr_mult and decay_mult of its first blob hold for both.")

    def _readers(self, index: int) -> list[CaffeLayer]:
        """The layers that compute with what the layer at ``index`` gives, until another replaces it in place."""
        tops, found = set(self._layers[index].tops), []
        for layer in self._layers[index + 1 :]:
            if tops.intersection(read_by(layer)):
                found.append(layer)
            tops -= set(layer.tops)
        return found

    def _compute(self, layer: CaffeLayer, sources: tuple[str, ...]) -> None:
        try:
            op = self._operation(layer, sources)
        except DigitsError as refused:
            self.problems += [_of_layer(layer, problem) for problem in refused.problems]
            self._pass_on(layer, sources[0], guessed=True)
            return
        if op is None:
            self._pass_on(layer, sources[0])
            return
        name = self._own_name(layer.name)
        self._specs[name] = LayerSpec(name, op, sources, layer.where)
        self._shapes[name] = self._infer(layer, name, op, sources)
        for top in layer.tops[:1]:
            self._blobs[top] = name
        if op.parameters(*(self._shapes[source] for source in sources)):
            self._own_weights(layer)
            self.origins.append(Origin(name, layer))

    def _operation(self, layer: CaffeLayer, sources: tuple[str, ...]) -> Op | None:
        if layer.type not in OPERATIONS:
            known = sorted({*OPERATIONS, *LOSSES, *IGNORED})
            hint = REFUSED.get(layer.type) or suggest(layer.type, known)
            raise layer.refuse("a type that can be imported", layer.type, "type", hint)
        try:
            return OPERATIONS[layer.type](layer, [self._shapes[source] for source in sources])
        except ValidationError as wrong:
            found = "; ".join(f"{'.'.join(map(str, e['loc'][:1]))} {e['input']}" for e in wrong.errors())
            raise layer.refuse("numbers in their range", found) from None

    def _infer(self, layer: CaffeLayer, name: str, op: Op, sources: tuple[str, ...]) -> Shape:
        shapes = [self._shapes[source] for source in sources]
        guessed = self._guessed.intersection(sources)
        if guessed:
            self._guessed.add(name)
        try:
            return op.output(*shapes)
        except ShapeMismatch as wrong:
            self._guessed.add(name)
            if not guessed:
                error = layer.refuse(wrong.expected, f"{wrong.found} after {' and '.join(sources)}", hint=wrong.hint)
                self.problems += error.problems
            return shapes[0]

    def _pass_on(self, layer: CaffeLayer, source: str, *, guessed: bool = False) -> None:
        if guessed:
            name = f"{layer.name} of line {layer.message.line}"
            self._shapes[name] = self._shapes[source]
            self._guessed.add(name)
            source = name
        self._blobs |= dict.fromkeys(layer.tops, source)

    def _own_weights(self, layer: CaffeLayer) -> None:
        for name in layer.shared:
            owner = self._owners.setdefault(name, layer)
            if owner is not layer:
                message = f"{layer.name} ({layer.type}) shares the weights {name} with {owner.name}."
                self._report(layer, message, "Every layer has weights of its own here; rename one of the two.")

    def _own_name(self, name: str) -> str:
        """A name as ours may be: ``inception_3a/1x1`` becomes ``inception_3a.1x1``."""
        tidy = re.sub(r"[^A-Za-z0-9._-]", "_", name.replace("/", "."))[:90]
        tidy = tidy if tidy[:1].isalnum() else f"l{tidy}"
        return next(
            candidate
            for candidate in (tidy, *(f"{tidy}_{number}" for number in range(2, len(self._specs) + 4)))
            if candidate not in self._specs and candidate != INPUT
        )

    def _flat(self, name: str) -> str:
        """The layer of logits ``[classes]`` behind ``name``: pictures of one pixel are flattened."""
        shape = self._shapes[name]
        if len(shape) != 3 or shape[1:] != (1, 1):
            return name
        flat = f"{name}.flat"
        self._specs.setdefault(flat, LayerSpec(flat, Flatten(), (name,)))
        self._shapes[flat] = shape[:1]
        return flat

    def _needed(self, heads: set[str]) -> set[str]:
        for name, spec in reversed([*self._specs.items()]):
            if name in heads:
                heads |= set(spec.inputs)
        return heads

    def _report(self, layer: CaffeLayer, message: str, hint: str = "Correct the line.") -> None:
        self.problems.append(Problem(message, layer.where, hint))


def _of_layer(layer: CaffeLayer, problem: Problem) -> Problem:
    """``problem`` with the layer that it is about; those of single fields do not know it."""
    who = f"{layer.name} ({layer.type})"
    return (
        problem
        if problem.message.startswith(who)
        else Problem(f"{who}: {problem.message}", problem.where, problem.hint)
    )
