"""``jax-orbax``: plain weights as an Orbax checkpoint, a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import jax
import numpy as np
import numpy.typing as npt
import orbax.checkpoint
from flax import nnx

import digits_jax
from digits_core.contracts.claims import require_portable
from digits_core.contracts.exporter import Deployable, Exporter, ExportOptions, Probabilities, run_in_parts
from digits_jax.arrays import Weights
from digits_jax.network import Network
from digits_jax.ops.op import Mode


class OrbaxExporter(Exporter):
    """The state of the module that `digits_jax.module` gives: ``layers/conv1/kernel``, nested; no network.

    Read it with ``orbax.checkpoint.StandardCheckpointer().restore(path)``.
    """

    name: ClassVar = "jax-orbax"
    suffix: ClassVar = ""
    runs: ClassVar = False

    def export(self, model: Deployable, options: ExportOptions, destination: Path) -> None:
        """Save the arrays."""
        require_portable(model.graph, self.name, "jax")
        state = _state(digits_jax.module(model.graph, model.arrays))
        with orbax.checkpoint.StandardCheckpointer() as checkpointer:
            checkpointer.save(destination.absolute(), state)

    def run(self, model: Deployable, destination: Path, images: npt.NDArray[np.uint8]) -> Probabilities:
        """Compute with what was read back and nothing else."""
        graph, network = model.graph, Network(model.graph)
        blank = digits_jax.module(graph, {name: np.zeros_like(array) for name, array in model.arrays.items()})
        with orbax.checkpoint.StandardCheckpointer() as checkpointer:
            layers = checkpointer.restore(destination.absolute(), _state(blank))["layers"]
        weights = {f"{layer}/{name}": array for layer, own in layers.items() for name, array in own.items()}

        @jax.jit
        def classify(weights: Weights, images: jax.Array) -> jax.Array:
            return jax.nn.softmax(network.activations(weights, images, (graph.output,), Mode())[graph.output])

        return run_in_parts(lambda part: classify(weights, part), images)


def _state(module: nnx.Module) -> Any:
    return nnx.to_pure_dict(nnx.state(module))
