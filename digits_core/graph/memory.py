"""How much memory training takes, estimated from shapes alone.

An estimate, to choose a batch size and to warn with. It knows the arrays that every framework has to keep; it leaves
out the framework itself (from 50 MiB to 1 GiB), the workspace of convolutions, gradients of activations while they are
on their way back, and what batches that wait for their turn take: activations may take twice as much. A compiler may
also keep less than it says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from digits_core.graph.graph import Graph
from digits_core.spec.job import Precision

#: What lowers the memory that training needs.
LESS_MEMORY = (
    "Work through each batch in parts (--accumulate 4), lower the batch size, use --precision bf16, "
    "or train on smaller pictures."
)
_BYTES: dict[Precision, int] = {"fp64": 8, "fp32": 4, "bf16": 2, "fp16": 2}


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """What training keeps on one device, in bytes.

    Attributes:
        weights: Every weight, also those that are not trained.
        slots: What the solver keeps for each trained weight.
        gradients: One for each trained weight.
        activations: Outputs of layers that the backward pass needs again.
    """

    weights: int
    slots: int
    gradients: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.slots + self.gradients + self.activations


def estimate_memory(
    graph: Graph, slots: int, batch: int, bytes_per_activation: int = 4, accumulate: int = 1
) -> MemoryEstimate:
    """What training ``graph`` takes on one device.

    Args:
        graph: The network.
        slots: Arrays that the solver keeps per trained weight.
        batch: Pictures per step on that device.
        bytes_per_activation: Size of an element, see `activation_bytes`; weights take 4 bytes unless it is more.
        accumulate: Parts that the batch is worked through in.

    >>> from digits_core.graph.graph import LayerSpec
    >>> from digits_core.graph.ops import Dense, Input
    >>> picture = Input(channels=1, height=1, width=2)
    >>> graph = Graph.of("tiny", [LayerSpec("input", picture), LayerSpec("fc", Dense(units=3))])
    >>> estimate_memory(graph, slots=1, batch=10)
    MemoryEstimate(weights=36, slots=36, gradients=36, activations=200)
    """
    per_weight = max(4, bytes_per_activation)
    trained = graph.trained_count * per_weight
    weights = sum(parameter.size for parameter in graph.parameters.values()) * per_weight
    rows = math.ceil(batch / max(1, min(accumulate, batch)))
    kept = sum(layer.op.kept(layer.output) for layer in graph.layers)
    return MemoryEstimate(weights, slots * trained, trained, kept * rows * bytes_per_activation)


def activation_bytes(precision: Precision) -> int:
    """Bytes of one element of an activation.

    >>> activation_bytes("bf16")
    2
    """
    return _BYTES[precision]
