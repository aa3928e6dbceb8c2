"""A network as a Flax module, for people who want to go on with JAX itself."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from digits_core.contracts.backend import Arrays
from digits_core.contracts.channels_last import layouts
from digits_core.contracts.claims import require_weights
from digits_core.graph.graph import Graph, Layer
from digits_jax.network import Network
from digits_jax.ops.op import Mode


class GraphModule(nnx.Module):
    """Any graph with its weights, ``layers[layer][weight]``, in Flax's layouts (``HWIO``, ``[in, out]``).

    What a solver changes is `flax.nnx.Param`; running statistics, the mean picture and frozen weights are
    `flax.nnx.BatchStat`.

    Args:
        graph: The network.
        arrays: Every weight of it, canonical; copied.
        seed: Decides dropout.

    Raises:
        SnapshotDamaged: If a weight is missing or has another shape than the graph says.
    """

    def __init__(self, graph: Graph, arrays: Arrays, seed: int = 0) -> None:
        require_weights(graph, arrays)
        self.network = Network(graph)
        self.seed = seed
        native = {name: layout.to_native(arrays[name]) for name, layout in layouts(graph).items()}
        self.layers = nnx.Dict({layer.name: _variables(layer, native) for layer in graph.layers})

    def __call__(self, pictures: jax.Array, *, step: int | jax.Array | None = None) -> jax.Array:
        """Logits ``[B, classes]`` of uint8 pictures ``[B, H, W, C]``.

        Args:
            pictures: Values of 0 to 255, of any number format.
            step: Steps done so far, to train: dropout drops and running statistics move; None: neither.
        """
        graph = self.network.graph
        mode = Mode(
            None if step is None else jnp.asarray(step, jnp.uint32), self.seed, unroll=jax.default_backend() == "cpu"
        )
        variables = {f"{layer}/{name}": own[name] for layer, own in self.layers.items() for name in own}
        weights = {name: variable[...] for name, variable in variables.items()}
        values = self.network.activations(weights, jnp.asarray(pictures), (graph.output,), mode)
        for name, moved in mode.moved.items():
            variables[name][...] = moved
        return values[graph.output]


def _variables(layer: Layer, native: Arrays) -> nnx.Dict[nnx.Variable[jax.Array]]:
    return nnx.Dict(
        {
            name.removeprefix(f"{layer.name}/"): (nnx.Param if parameter.trainable else nnx.BatchStat)(
                jnp.array(native[name], copy=True)
            )
            for name, parameter in layer.parameters.items()
        }
    )
