"""A graph as one pure function, for programs and for native modules alike."""

from __future__ import annotations

from collections.abc import Iterable

import jax

from digits_core.graph.graph import Graph, Layer
from digits_jax.arrays import Weights
from digits_jax.ops import OPS, Mode


class Network:
    """Applies the layers of a graph in computing order.

    Args:
        graph: The network.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._applies = {layer.name: OPS[layer.op.kind](layer) for layer in graph.layers}

    def activations(
        self, weights: Weights, pictures: jax.Array, wanted: Iterable[str], mode: Mode
    ) -> dict[str, jax.Array]:
        """Outputs of the layers that ``wanted`` depend on, and of no others.

        Args:
            weights: By canonical name, in the native layout.
            pictures: uint8 ``[B, H, W, C]``.
            wanted: Names of layers.
            mode: How the pass runs; collects running statistics.
        """
        values: dict[str, jax.Array] = {}
        for layer in self.graph.needed_for(wanted):
            inputs = [values[name] for name in layer.inputs] or [pictures]
            values[layer.name] = self._applies[layer.name](inputs, _own(layer, weights), mode)
        return values


def _own(layer: Layer, weights: Weights) -> Weights:
    return {name.removeprefix(f"{layer.name}/"): weights[name] for name in layer.parameters}
