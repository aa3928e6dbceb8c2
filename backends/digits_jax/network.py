"""A graph as one pure function, for programs and for native modules alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import jax
import jax.numpy as jnp

from digits_core.graph.graph import Graph, Layer
from digits_core.graph.native import NATIVE
from digits_jax.arrays import Weights
from digits_jax.foreign import build_foreign
from digits_jax.ops import OPS
from digits_jax.ops.op import Apply, Mode

#: A builder for every operation of a graph, a whole module of somebody else included.
BUILDERS: dict[str, Callable[[Layer], Apply]] = {**OPS, NATIVE: build_foreign}
#: Operations that compute in fp32 whatever the format of activations: they sum up many, or take powers.
WIDE = frozenset({"input", "average_pool", "global_average_pool", "gelu", "batch_norm", "layer_norm", "lrn", "softmax"})


class Network:
    """Applies the layers of a graph in computing order.

    Args:
        graph: The network.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        #: Layers that are scored.
        self.heads = (graph.output, *(loss.logits for loss in graph.losses))
        self._applies = {layer.name: BUILDERS[layer.op.kind](layer) for layer in graph.layers}

    def activations(
        self, weights: Weights, pictures: jax.Array, wanted: Iterable[str], mode: Mode, added: Weights | None = None
    ) -> dict[str, jax.Array]:
        """Outputs of the layers that ``wanted`` depend on, and of no others.

        Args:
            weights: By canonical name, in the native layout.
            pictures: uint8 ``[B, H, W, C]``.
            wanted: Names of layers.
            mode: How the pass runs; collects running statistics.
            added: By layer, what is added to its activation.
        """
        added = added or {}
        values: dict[str, jax.Array] = {}
        for layer in self.graph.needed_for(wanted):
            inputs = [values[name] for name in layer.inputs] or [pictures]
            value = self._apply(layer, inputs, _own(layer, weights), mode)
            values[layer.name] = value + added[layer.name] if layer.name in added else value
        return values

    def _apply(self, layer: Layer, inputs: list[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        apply = self._applies[layer.name]
        if jnp.dtype(mode.dtype).itemsize > 2 or layer.op.kind == NATIVE:
            return apply(inputs, weights, mode)
        inside = jnp.float32 if layer.op.kind in WIDE else mode.dtype
        inputs, weights = jax.tree.map(lambda array: array.astype(inside), (inputs, weights))
        return apply(inputs, weights, mode).astype(mode.dtype)


def _own(layer: Layer, weights: Weights) -> Weights:
    return {name.removeprefix(f"{layer.name}/"): weights[name] for name in layer.parameters}
