"""The PyTorch backend. Importing it imports no torch; `module` gives what was learned as a plain ``torch.nn.Module``.

Activations are channels-last in memory and ``[B, C, H, W]`` in shape; weights have torch's names (``conv1.weight``) and
the canonical shapes, so nothing is transposed on the way in or out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from digits_core.contracts.backend import Arrays
    from digits_core.graph.graph import Graph


def module(model: Graph | Path | str, arrays: Arrays | None = None) -> torch.nn.Module:
    """A network as a torch module with its weights in it, to be used, changed or trained further without DIGITS.

    It takes uint8 pictures ``[B, H, W, C]``, as everything here does, subtracts the mean itself and gives the logits
    of the graph's output, float32. Layers are attributes by their names (``-`` and ``.`` become ``_``), of torch's own
    classes wherever those compute the same. It is in evaluation mode; while training, dropout draws from torch's
    generator.

    Args:
        model: An archive, the folder of an imported model or of a snapshot; or a network.
        arrays: The weights of a network by canonical name, for example from `Program.save`; copied.

    Raises:
        DigitsError: If a weight is missing or has another shape, or torch has no such operation.
    """
    from digits_core.archive.saved_model import given_model
    from digits_core.contracts.claims import require_ops, require_weights
    from digits_torch.arrays import filled_network
    from digits_torch.backend import TorchBackend

    graph, arrays = given_model(model, arrays)
    require_ops(TorchBackend(), graph)
    require_weights(graph, arrays)
    return filled_network(graph, arrays)
