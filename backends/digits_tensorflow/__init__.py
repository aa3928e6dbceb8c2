"""The TensorFlow backend: NHWC layouts, one compiled function per step, weights updated in place.

Importing this package imports no TensorFlow; `module` and the modules behind the entry point do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digits_core.contracts.backend import Arrays
    from digits_core.graph.graph import Graph
    from digits_tensorflow.network import Network


def module(graph: Graph, arrays: Arrays) -> Network:
    """A plain ``tf.Module`` with the trained weights in it.

    It is called with uint8 pictures ``[B, H, W, C]`` and returns the logits ``[B, classes]`` of ``graph.output``;
    ``trainable_variables`` are there to be trained further. `tf.function` and ``tf.saved_model`` take it as it is.

    Args:
        graph: The network.
        arrays: Its weights, canonical.

    Raises:
        SnapshotDamaged: If a weight is missing or has another shape than the graph says.
    """
    from digits_tensorflow.network import Network

    return Network(graph, arrays)
