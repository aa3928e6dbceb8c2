"""Sums of products."""

from __future__ import annotations

from typing import Any

from digits_core.graph.graph import Layer
from digits_onnx.sheet import Sheet


def conv(layer: Layer, sheet: Sheet) -> None:
    """ONNX's own."""
    op: Any = layer.op
    top, bottom, left, right = op.padding
    attributes = {
        "kernel_shape": op.kernel,
        "strides": op.stride,
        "pads": (top, left, bottom, right),
        "dilations": op.dilation,
        "group": op.groups,
    }
    sheet.node("Conv", [layer.inputs[0], *_weights(layer, sheet)], layer.name, attributes)


def dense(layer: Layer, sheet: Sheet) -> None:
    """A matrix product; one that sees a picture flattens it."""
    (value,) = layer.inputs
    if len(layer.input_shapes[0]) > 1:
        value = sheet.node("Flatten", [value], f"{layer.name}/flat", {"axis": 1})
    sheet.node("Gemm", [value, *_weights(layer, sheet)], layer.name, {"transB": 1})


def _weights(layer: Layer, sheet: Sheet) -> list[str]:
    op: Any = layer.op
    return [sheet.weight(layer, name) for name in ("kernel", "bias")[: 1 + op.bias]]
