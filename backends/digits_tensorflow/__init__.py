"""The TensorFlow backend: NHWC layouts, one compiled function per step, weights updated in place.

Importing this package imports no TensorFlow; `module` and the modules behind the entry point do.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digits_core.contracts.backend import Arrays
    from digits_core.graph.graph import Graph
    from digits_tensorflow.network import Network


def module(model: Graph | Path | str, arrays: Arrays | None = None) -> Network:
    """A plain ``tf.Module`` with the trained weights in it.

    It is called with uint8 pictures ``[B, H, W, C]`` and returns the logits ``[B, classes]`` of ``graph.output``;
    ``trainable_variables`` are there to be trained further. `tf.function` and ``tf.saved_model`` take it as it is.

    Args:
        model: An archive, the folder of an imported model or of a snapshot; or a network.
        arrays: The weights of a network, canonical; copied.

    Raises:
        ModelInvalid: If there is no model at a path.
        SnapshotDamaged: If a weight is missing or has another shape than the graph says.
    """
    from digits_core.archive.saved_model import given_model
    from digits_tensorflow.network import Network

    graph, arrays = given_model(model, arrays)
    return Network(graph, arrays)
