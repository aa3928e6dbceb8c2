"""A graph and its weights as a ``tf.Module``: what programs run, and what is handed to users of TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from digits_core.contracts.backend import Arrays
from digits_core.contracts.claims import require_weights
from digits_core.graph.graph import Graph, Layer
from digits_core.graph.native import NATIVE
from digits_tensorflow.arrays import ACTIVATIONS, DTYPES, weights_from_canonical
from digits_tensorflow.foreign import build_foreign
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
        self._foreign = build_foreign(graph)
        present = (
            {f"{NATIVE}/{name}": found for name, found in self._foreign.variables.items()} if self._foreign else {}
        )
        self.weights = weights_from_canonical(graph, arrays, DTYPES[precision], present)
        self._present = frozenset(present)
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
            value = self._apply(layer, inputs, run)
            values[layer.name] = value if layer.inputs else tf.cast(value, self._activations)
        return values

    def readings(self) -> dict[str, tf.Tensor]:
        """What a pass reads: copies of the weights, and variables as they are where a native network reads them."""
        return {name: w if name in self._present else tf.identity(w) for name, w in self.weights.items()}

    def _apply(self, layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
        if self._foreign is not None and layer.op.kind == NATIVE:
            return self._foreign(inputs[0], run.training)
        return OPS[layer.op.kind](layer, inputs, run)
