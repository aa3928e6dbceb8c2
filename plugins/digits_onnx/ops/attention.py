"""What transformers do with tokens, ``[B, C, N, 1]``."""

from __future__ import annotations

import math
from typing import Any

from digits_core.graph.graph import Layer
from digits_onnx.sheet import Sheet


def position(layer: Layer, sheet: Sheet) -> None:
    """A sum with what was learned."""
    embedding = sheet.weight(layer, "embedding", (1, *layer.output))
    sheet.node("Add", [*layer.inputs, embedding], layer.name)


def attention(layer: Layer, sheet: Sheet) -> None:
    """``P = softmax(QᵀK/√d) ; Y = V·Pᵀ``, with tokens as columns of Q, K, V ``[B, heads, d, N]``."""
    op: Any = layer.op
    name, (channels, count, _) = layer.name, layer.output
    depth = channels // op.heads
    shape = sheet.integers(f"{name}/heads", (0, 3 * op.heads, depth, count))
    parts = sheet.node("Reshape", [*layer.inputs, shape], f"{name}/parts")
    query, key, value = (f"{name}/{part}" for part in ("query", "key", "value"))
    sheet.nodes_of("Split", [parts], [query, key, value], {"axis": 1, "num_outputs": 3})
    scale = sheet.constant(f"{name}/scale", 1 / math.sqrt(depth))
    scaled = sheet.node("Mul", [query, scale], f"{name}/scaled")
    scores = sheet.node("MatMul", [_turned(sheet, scaled), key], f"{name}/scores")
    share = sheet.node("Softmax", [scores], f"{name}/share", {"axis": -1})
    mixed = sheet.node("MatMul", [value, _turned(sheet, share)], f"{name}/mixed")
    whole = sheet.integers(f"{name}/whole", (0, channels, count, 1))
    sheet.node("Reshape", [mixed, whole], name)


def _turned(sheet: Sheet, value: str) -> str:
    """The last two axes change places; ONNX Runtime makes it part of the product."""
    return sheet.node("Transpose", [value], f"{value}-turned", {"perm": (0, 1, 3, 2)})
