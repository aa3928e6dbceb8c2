"""The JAX backend: Optax solvers over pure, jit-compiled steps; pictures travel and stay channels-last.

It sees of the core only contracts, graph, spec and errors. Importing it does not import JAX: `module` does when called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from digits_core.contracts.backend import Arrays
from digits_core.graph.graph import Graph

if TYPE_CHECKING:
    from digits_jax.native import GraphModule


def module(graph: Graph, arrays: Arrays, *, seed: int = 0) -> GraphModule:
    """A network as a plain Flax module with its weights in it.

    Args:
        graph: The network.
        arrays: Every weight of it, canonical; copied.
        seed: Decides dropout when the module is trained further.

    Returns:
        A ``flax.nnx.Module`` that takes uint8 pictures ``[B, H, W, C]`` and gives logits ``[B, classes]``.

    Raises:
        SnapshotDamaged: If a weight is missing or has another shape than the graph says.
    """
    from digits_jax.native import GraphModule

    return GraphModule(graph, arrays, seed)
