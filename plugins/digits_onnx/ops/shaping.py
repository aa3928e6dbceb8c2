"""What lays the same numbers out in another shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from digits_core.graph.graph import Layer
from digits_onnx.sheet import Sheet


def flatten(layer: Layer, sheet: Sheet) -> None:
    """C, H, W order."""
    sheet.node("Flatten", layer.inputs, layer.name, {"axis": 1})


def tokens(layer: Layer, sheet: Sheet) -> None:
    """Pixels as a sequence; a learned token is added to zeros in front of it, which needs no size of the batch."""
    op: Any = layer.op
    channels, count, _ = layer.output
    first = int(op.class_token)
    shape = sheet.integers(f"{layer.name}/shape", (0, channels, count - first, 1))
    sequence = sheet.node("Reshape", [*layer.inputs, shape], f"{layer.name}/sequence" if first else layer.name)
    if first:
        sides = sheet.integers(f"{layer.name}/sides", (0, 0, 1, 0, 0, 0, 0, 0))
        padded = sheet.node("Pad", [sequence, sides], f"{layer.name}/padded")
        alone = np.zeros((1, channels, count, 1), np.float32)
        alone[0, :, 0, 0] = sheet.arrays[f"{layer.name}/token"]
        sheet.node("Add", [padded, sheet.constant(f"{layer.name}/token", alone)], layer.name)


def token(layer: Layer, sheet: Sheet) -> None:
    """One of a sequence."""
    op: Any = layer.op
    index = sheet.integers(f"{layer.name}/index", (op.index,))
    one = sheet.node("Gather", [*layer.inputs, index], f"{layer.name}/one", {"axis": 2})
    sheet.node("Flatten", [one], layer.name, {"axis": 1})
