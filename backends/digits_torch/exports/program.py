"""``torch-export``: a program of ``torch.export`` in a ``.pt2`` file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

import digits_torch
from digits_core.contracts.claims import require_portable
from digits_core.contracts.exporter import Deployable, Exporter, ExportOptions, Probabilities, run_in_parts

#: Pictures of the example that is traced; with one, torch would take the number for a constant.
EXAMPLE = 2


class Classifier(nn.Module):
    """Probabilities of a network's classes.

    Args:
        network: Gives logits ``[B, classes]`` of uint8 pictures ``[B, H, W, C]``.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Softmax of the logits."""
        return torch.softmax(self.network(images), 1)


class TorchProgramExporter(Exporter):
    """A traced graph of ATen operations with its weights, which runs without the code that it came from.

    Read it with ``torch.export.load(path).module()``. The number of pictures is free.
    """

    name: ClassVar = "torch-export"
    suffix: ClassVar = ".pt2"

    def export(self, model: Deployable, options: ExportOptions, destination: Path) -> None:
        """Trace and save."""
        require_portable(model.graph, self.name, "torch")
        network = Classifier(digits_torch.module(model.graph, model.arrays)).eval()
        taken = model.graph.input
        example = torch.zeros(EXAMPLE, taken.height, taken.width, taken.channels, dtype=torch.uint8)
        with torch.no_grad():
            program = torch.export.export(
                network, (example,), dynamic_shapes={"images": {0: torch.export.Dim("batch", min=1)}}
            )
        torch.export.save(program, destination)

    def run(self, model: Deployable, destination: Path, images: npt.NDArray[np.uint8]) -> Probabilities:
        """Read it back and run it."""
        network = torch.export.load(destination).module()
        with torch.no_grad():
            return run_in_parts(lambda part: network(torch.from_numpy(part)).numpy(), images)
