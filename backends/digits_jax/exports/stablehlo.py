"""``jax-stablehlo``: a program of ``jax.export`` in a ``.jax`` file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import jax
import jax.export
import numpy as np
import numpy.typing as npt

from digits_core.contracts.channels_last import layouts
from digits_core.contracts.claims import require_portable, require_weights
from digits_core.contracts.exporter import Deployable, Exporter, ExportOptions, Probabilities, run_in_parts
from digits_jax.network import Network
from digits_jax.ops.op import Mode

#: Where it can be run; it is lowered for each.
PLATFORMS = ("cpu", "cuda", "rocm", "tpu")


class StableHloExporter(Exporter):
    """StableHLO with its weights and calling convention, which later versions of JAX read as well.

    Read it with ``jax.export.deserialize(path.read_bytes()).call``. The number of pictures is free.
    """

    name: ClassVar = "jax-stablehlo"
    suffix: ClassVar = ".jax"

    def export(self, model: Deployable, options: ExportOptions, destination: Path) -> None:
        """Lower for every platform and save."""
        graph = model.graph
        require_portable(graph, self.name, "jax")
        require_weights(graph, model.arrays)
        network = Network(graph)
        weights = {name: layout.to_native(model.arrays[name]) for name, layout in layouts(graph).items()}

        def classify(images: jax.Array) -> jax.Array:
            return jax.nn.softmax(network.activations(weights, images, (graph.output,), Mode())[graph.output])

        taken = graph.input
        (batch,) = jax.export.symbolic_shape("batch")
        pictures = jax.ShapeDtypeStruct((batch, taken.height, taken.width, taken.channels), np.uint8)
        exported = jax.export.export(jax.jit(classify), platforms=PLATFORMS)(pictures)
        destination.write_bytes(exported.serialize())

    def run(self, model: Deployable, destination: Path, images: npt.NDArray[np.uint8]) -> Probabilities:
        """Read it back, compile and run it."""
        exported = jax.export.deserialize(bytearray(destination.read_bytes()))
        return run_in_parts(exported.call, images)
