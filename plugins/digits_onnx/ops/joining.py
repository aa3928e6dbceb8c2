"""What makes one of several branches."""

from __future__ import annotations

from digits_core.graph.graph import Layer
from digits_onnx.sheet import Sheet


def concat(layer: Layer, sheet: Sheet) -> None:
    """Joined along channels."""
    sheet.node("Concat", layer.inputs, layer.name, {"axis": 1})


def add(layer: Layer, sheet: Sheet) -> None:
    """The sum, two by two: so ONNX Runtime can make it part of a convolution."""
    value, last = layer.inputs[0], len(layer.inputs) - 1
    for index, other in enumerate(layer.inputs[1:], start=1):
        value = sheet.node("Add", [value, other], layer.name if index == last else f"{layer.name}/sum{index}")


def multiply(layer: Layer, sheet: Sheet) -> None:
    """The product of both inputs."""
    sheet.node("Mul", layer.inputs, layer.name)
