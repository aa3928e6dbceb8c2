"""A graph and its weights as a ``tf.Module``: what programs run, and what is handed to users of TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable

from digits_core.contracts.backend import Arrays
from digits_core.contracts.claims import require_weights
from digits_core.graph.graph import Graph
from digits_tensorflow.arrays import ACTIVATIONS, DTYPES, weights_from_canonical
from digits_tensorflow.framework import tf
from digits_tensorflow.ops import OPS
from digits_tensorflow.ops.op import Pass


class Network(tf.Module):
    """A network with its weights.

    Args:
        graph: The network.
        arrays: Its weights, canonical.
        precision: Number format it computes in.

    Raises:
        SnapshotDamaged: If a weight is missing or has another shape than the graph says.
    """

    def __init__(self, graph: Graph, arrays: Arrays, precision: str = "fp32") -> None:
        require_weights(graph, arrays)
        super().__init__()
        self.graph = graph
        self.weights = weights_from_canonical(graph, arrays, DTYPES[precision])
        self._dtype, self._activations = DTYPES[precision], ACTIVATIONS[precision]

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """Logits ``[B, classes]`` of uint8 pictures ``[B, H, W, C]``, without training behaviour."""
        output = self.graph.output
        return self.forward(images, [output], Pass(dict(self.weights)))[output]

    def forward(self, images: tf.Tensor, targets: Iterable[str], run: Pass) -> dict[str, tf.Tensor]:
        """Activations of every layer that ``targets`` depend on, ``[B, H, W, C]`` or ``[B, F]``."""
        pictures = tf.cast(images, self._dtype)
        values: dict[str, tf.Tensor] = {}
        for layer in self.graph.needed_for(targets):
            inputs = [values[name] for name in layer.inputs] or [pictures]
            value = OPS[layer.op.kind](layer, inputs, run)
            values[layer.name] = value if layer.inputs else tf.cast(value, self._activations)
        return values
