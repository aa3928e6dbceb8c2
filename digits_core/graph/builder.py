"""A fluent builder for families that are written in Python.

>>> from digits_core.graph.ops import Conv, Dense, Relu
>>> from digits_core.graph.graph import NetworkInput
>>> here = NetworkInput(channels=1, height=8, width=8, classes=3)
>>> graph = (
...     NetworkBuilder("tiny", here.op())
...     .add("conv1", Conv(filters=4, kernel=3))
...     .add("relu1", Relu())
...     .add("logits", Dense(units=here.classes))
...     .graph()
... )
>>> graph.layer("conv1").output, graph.parameter_count
((4, 6, 6), 475)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from digits_core.graph.graph import INPUT, Graph, LayerSpec, Loss, infer_shapes
from digits_core.graph.ops import Input, Op
from digits_core.graph.shapes import Shape


class NetworkBuilder:
    """Collects layers; shapes are checked when `graph` is called.

    Args:
        name: What the network is called.
        input: Its input operation.
    """

    def __init__(self, name: str, input: Input) -> None:
        self._name = name
        self._layers = [LayerSpec(INPUT, input)]
        self._losses: list[Loss] = []

    def add(self, name: str, op: Op, *, after: str | Sequence[str] = ()) -> Self:
        """Append a layer.

        Args:
            name: Its name.
            op: What it computes.
            after: The layer or layers it takes; empty: the layer added before it.
        """
        inputs = (after,) if isinstance(after, str) else tuple(after)
        self._layers.append(LayerSpec(name, op, inputs))
        return self

    def loss(self, logits: str, *, weight: float = 1.0, label_smoothing: float = 0.0) -> Self:
        """Add a loss on the layer ``logits``; without any, the last layer has one of weight 1."""
        self._losses.append(Loss(logits, weight, label_smoothing))
        return self

    @property
    def last(self) -> str:
        """Name of the layer added last."""
        return self._layers[-1].name

    def shape(self, name: str = "") -> Shape:
        """Shape of the layer ``name``, or of the last one, for layers that depend on it.

        Raises:
            NetworkInvalid: With every problem found so far.
        """
        return infer_shapes(self._name, self._layers)[name or self.last]

    def graph(self, *, output: str = "") -> Graph:
        """Check everything and give the graph.

        Args:
            output: The layer of logits that classifies; empty: the last layer.

        Raises:
            NetworkInvalid: With every problem found.
        """
        return Graph.of(self._name, self._layers, losses=self._losses, output=output)
