"""The picture that a network begins with."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from digits_core.graph.graph import Layer
from digits_onnx.sheet import Attributes, Sheet


def input(layer: Layer, sheet: Sheet) -> None:
    """``(x − mean)·scale`` in float32, whatever layers compute in; ``[B, H, W, C]`` to ``[B, C, H, W]``."""
    op: Any = layer.op
    steps: list[tuple[str, list[str], Attributes]] = [
        ("Transpose", [], {"perm": (0, 3, 1, 2)}),  # While pixels are bytes.
        ("Cast", [], {"to": TensorProto.FLOAT}),
    ]
    if layer.parameters:
        steps.append(("Sub", [sheet.weight(layer, "mean", dtype=np.float32)], {}))
    if op.scale != 1:
        steps.append(("Mul", [sheet.constant(f"{layer.name}/scale", op.scale, np.float32)], {}))
    if sheet.format != TensorProto.FLOAT:
        steps.append(("Cast", [], {"to": sheet.format}))
    value = sheet.pictures
    for number, (kind, constants, attributes) in enumerate(steps, start=1):
        name = layer.name if number == len(steps) else f"{layer.name}/step{number}"
        value = sheet.node(kind, [value, *constants], name, attributes)
