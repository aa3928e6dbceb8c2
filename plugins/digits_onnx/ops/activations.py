"""Functions of each element alone, and softmax."""

from __future__ import annotations

from digits_core.graph.graph import Layer
from digits_onnx.sheet import Sheet


def relu(layer: Layer, sheet: Sheet) -> None:
    """``max(x, 0)``."""
    sheet.node("Relu", layer.inputs, layer.name)


def relu6(layer: Layer, sheet: Sheet) -> None:
    """``min(max(x, 0), 6)``."""
    bounds = [sheet.constant(f"{layer.name}/{name}", value) for name, value in (("least", 0), ("most", 6))]
    sheet.node("Clip", [*layer.inputs, *bounds], layer.name)


def tanh(layer: Layer, sheet: Sheet) -> None:
    """Hyperbolic tangent."""
    sheet.node("Tanh", layer.inputs, layer.name)


def sigmoid(layer: Layer, sheet: Sheet) -> None:
    """``1 / (1 + exp(−x))``."""
    sheet.node("Sigmoid", layer.inputs, layer.name)


def silu(layer: Layer, sheet: Sheet) -> None:
    """``x·sigmoid(x)``, which ONNX Runtime joins again."""
    share = sheet.node("Sigmoid", layer.inputs, f"{layer.name}/sigmoid")
    sheet.node("Mul", [*layer.inputs, share], layer.name)


def gelu(layer: Layer, sheet: Sheet) -> None:
    """``x·Φ(x)``, exactly."""
    sheet.node("Gelu", layer.inputs, layer.name)


def hard_sigmoid(layer: Layer, sheet: Sheet) -> None:
    """``relu6(x + 3) / 6 = max(0, min(1, x/6 + 1/2))``."""
    sheet.node("HardSigmoid", layer.inputs, layer.name, {"alpha": 1 / 6, "beta": 0.5})


def hard_swish(layer: Layer, sheet: Sheet) -> None:
    """``x·relu6(x + 3) / 6``."""
    sheet.node("HardSwish", layer.inputs, layer.name)


def softmax(layer: Layer, sheet: Sheet) -> None:
    """Over channels or features."""
    sheet.node("Softmax", layer.inputs, layer.name, {"axis": 1})
