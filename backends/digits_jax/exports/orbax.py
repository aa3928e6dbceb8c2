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


class OrbaxExporter(Exporter):
    """The state of the module that `digits_jax.module` gives, as nested dictionaries: ``layers/conv1/kernel``; no network.

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
        """Put what was read back into a module whose own weights are all zero."""
        module = digits_jax.module(model.graph, {name: np.zeros_like(array) for name, array in model.arrays.items()})
        with orbax.checkpoint.StandardCheckpointer() as checkpointer:
            restored = checkpointer.restore(destination.absolute(), _state(module))
        state = nnx.state(module)
        nnx.replace_by_pure_dict(state, restored)
        nnx.update(module, state)
        classify = nnx.jit(lambda module, images: jax.nn.softmax(module(images)))
        return run_in_parts(lambda part: classify(module, part), images)


def _state(module: nnx.Module) -> Any:
    return nnx.to_pure_dict(nnx.state(module))
