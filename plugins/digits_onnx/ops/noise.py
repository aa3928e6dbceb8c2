"""What leaves something out while training, and nothing afterwards."""

from __future__ import annotations

from digits_core.graph.graph import Layer
from digits_onnx.sheet import Sheet


def dropout(layer: Layer, sheet: Sheet) -> None:
    """``x``; ONNX Runtime leaves it out."""
    sheet.node("Identity", layer.inputs, layer.name)


def stochastic_depth(layer: Layer, sheet: Sheet) -> None:
    """``x``."""
    sheet.node("Identity", layer.inputs, layer.name)
