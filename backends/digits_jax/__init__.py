"""The JAX backend: Optax solvers over pure, jit-compiled steps; pictures travel and stay channels-last.

It sees of the core only contracts, saved models, graph, spec and errors. Importing it does not import JAX: `module`
does when called.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digits_core.contracts.backend import Arrays
    from digits_core.graph.graph import Graph
    from digits_jax.native import GraphModule


def module(model: Graph | Path | str, arrays: Arrays | None = None, *, seed: int = 0) -> GraphModule:
    """A network as a plain Flax module with its weights in it.

    Args:
        model: An archive, the folder of an imported model or of a snapshot; or a network.
        arrays: Every weight of a network, canonical; copied.
        seed: Decides dropout when the module is trained further.

    Returns:
        A ``flax.nnx.Module`` that takes uint8 pictures ``[B, H, W, C]`` and gives logits ``[B, classes]``.

    Raises:
        ModelInvalid: If there is no model at a path.
        SnapshotDamaged: If a weight is missing or has another shape than the graph says.
    """
    from digits_core.archive.saved_model import given_model
    from digits_jax.native import GraphModule

    graph, arrays = given_model(model, arrays)
    return GraphModule(graph, arrays, seed)
