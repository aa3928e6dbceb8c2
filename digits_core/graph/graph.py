"""The graph: layers in computing order with every shape known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from digits_core.errors import NetworkInvalid, require, suggest
from digits_core.graph.check import check_layers, check_network, name_problems
from digits_core.graph.layers import INPUT, MEAN, Layer, LayerSpec, Loss, NetworkInput
from digits_core.graph.ops import Input, Parameter
from digits_core.graph.shapes import Shape

__all__ = ["INPUT", "MEAN", "Graph", "Layer", "LayerSpec", "Loss", "NetworkInput"]


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
        words = [(name, where), *((layer.name, layer.where or where) for layer in layers)]
        problems = [problem for word, place in words for problem in name_problems(name, word, place)]
        found = check_network(name, layers, losses=losses, output=output, classes=classes, where=where)
        require([*problems, *found.problems], NetworkInvalid)
        return cls(name, found.layers, found.losses, found.output)

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """Every weight under its canonical name, in layer order."""
        return {name: parameter for layer in self.layers for name, parameter in layer.parameters.items()}

    @property
    def parameter_count(self) -> int:
        """Number of trainable elements, whether they are frozen or not."""
        return sum(layer.parameter_count for layer in self.layers)

    @property
    def trained_count(self) -> int:
        """Number of elements that training changes."""
        return sum(parameter.size for parameter in self.parameters.values() if parameter.trainable)

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

    def smoothed(self, label_smoothing: float) -> Graph:
        """The same network with another label smoothing in every loss."""
        losses = tuple(replace(loss, label_smoothing=label_smoothing) for loss in self.losses)
        return replace(self, losses=losses)

    def classifying(self) -> Graph:
        """The same network without what only training needs: heads besides the output, and their losses."""
        return replace(self, layers=self.needed_for([self.output]), losses=(Loss(self.output),))

    def trained_through(self) -> tuple[Layer, ...]:
        """The layers that gradients of the losses pass on their way to a trained weight, in computing order."""
        passed: set[str] = set()
        needed = self.needed_for(loss.logits for loss in self.losses)
        for layer in needed:
            trained = any(parameter.trainable for parameter in layer.parameters.values())
            if trained or passed.intersection(layer.inputs):
                passed.add(layer.name)
        return tuple(layer for layer in needed if layer.name in passed)

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
    inferred, problems = check_layers(name, layers, where)
    require(problems, NetworkInvalid)
    return {layer.name: layer.output for layer in inferred.values()}
