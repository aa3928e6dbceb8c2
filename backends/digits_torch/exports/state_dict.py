"""``torch-state-dict``: plain weights under torch's own names in a ``.pt`` file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch

import digits_torch
from digits_core.contracts.claims import require_portable
from digits_core.contracts.exporter import Deployable, Exporter, ExportOptions, Probabilities, run_in_parts


class StateDictExporter(Exporter):
    """What `digits_torch.module` has as ``state_dict()``: ``conv1.weight``, ``conv1.bias``, …; no network.

    Read it with ``load`` of torch and ``weights_only=True``.
    """

    name: ClassVar = "torch-state-dict"
    suffix: ClassVar = ".pt"
    runs: ClassVar = False

    def export(self, model: Deployable, options: ExportOptions, destination: Path) -> None:
        """Save the tensors."""
        require_portable(model.graph, self.name, "torch")
        torch.save(digits_torch.module(model.graph, model.arrays).state_dict(), destination)

    def run(self, model: Deployable, destination: Path, images: npt.NDArray[np.uint8]) -> Probabilities:
        """Put what was read back into a network whose own weights are all zero."""
        blank = {name: np.zeros_like(array) for name, array in model.arrays.items()}
        network = digits_torch.module(model.graph, blank)
        network.load_state_dict(torch.load(destination, weights_only=True))
        with torch.no_grad():
            return run_in_parts(lambda part: torch.softmax(network(torch.from_numpy(part)), 1).numpy(), images)
