"""What summarises windows of a picture, or all of it; rows and columns of ceil mode are written as padding."""

from __future__ import annotations

from typing import Any

import numpy as np

from digits_core.graph.graph import Layer
from digits_core.graph.shapes import Windows
from digits_onnx.sheet import Attributes, Sheet


def max_pool(layer: Layer, sheet: Sheet) -> None:
    """ONNX pads with −∞ too."""
    op: Any = layer.op
    windows = op.windows(layer.input_shapes[0])
    sheet.node("MaxPool", layer.inputs, layer.name, _attributes(layer, _pads(windows)))


def average_pool(layer: Layer, sheet: Sheet) -> None:
    """ONNX's own where all padding counts, or none does; else over zeros, with the divisor corrected."""
    op: Any = layer.op
    windows = op.windows(layer.input_shapes[0])
    pads, counted = _pads(windows), op.count_include_pad and any(op.padding)
    if not (counted and any(windows.extra)):
        attributes = {**_attributes(layer, pads), "count_include_pad": int(counted)}
        sheet.node("AveragePool", layer.inputs, layer.name, attributes)
        return
    sides = sheet.integers(f"{layer.name}/sides", (0, 0, *pads[:2], 0, 0, *pads[2:]))
    padded = sheet.node("Pad", [*layer.inputs, sides], f"{layer.name}/padded")
    means = sheet.node("AveragePool", [padded], f"{layer.name}/means", _attributes(layer, (0, 0, 0, 0)))
    factor = np.prod(op.kernel) / np.outer(*op.countable(layer.input_shapes[0]))
    sheet.node("Mul", [means, sheet.constant(f"{layer.name}/factor", factor)], layer.name)


def global_average_pool(layer: Layer, sheet: Sheet) -> None:
    """ONNX's own."""
    sheet.node("GlobalAveragePool", layer.inputs, layer.name)


def _pads(windows: Windows) -> tuple[int, int, int, int]:
    """All padding in ONNX's order: top, left, bottom, right."""
    top, bottom, left, right = windows.padding
    return (top, left, bottom + windows.extra[0], right + windows.extra[1])


def _attributes(layer: Layer, pads: tuple[int, int, int, int]) -> Attributes:
    op: Any = layer.op
    return {"kernel_shape": op.kernel, "strides": op.stride, "pads": pads}
