"""What brings activations to a common scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from digits_core.graph.graph import Layer
from digits_onnx.ops.op import column
from digits_onnx.sheet import Sheet


def batch_norm(layer: Layer, sheet: Sheet) -> None:
    """With the running statistics; ONNX Runtime makes it part of a convolution before it."""
    op: Any = layer.op
    weights = [sheet.weight(layer, name) for name in ("scale", "offset", "mean", "variance")]
    sheet.node("BatchNormalization", [*layer.inputs, *weights], layer.name, {"epsilon": op.epsilon})


def layer_norm(layer: Layer, sheet: Sheet) -> None:
    """ONNX's own is over the last axes, so channels come last meanwhile."""
    op: Any = layer.op
    weights = [sheet.weight(layer, name) for name in ("scale", "offset")]
    attributes = {"axis": -1, "epsilon": op.epsilon}
    if len(layer.output) == 1:
        sheet.node("LayerNormalization", [*layer.inputs, *weights], layer.name, attributes)
        return
    turned = sheet.node("Transpose", layer.inputs, f"{layer.name}/turned", {"perm": (0, 2, 3, 1)})
    normal = sheet.node("LayerNormalization", [turned, *weights], f"{layer.name}/normal", attributes)
    sheet.node("Transpose", [normal], layer.name, {"perm": (0, 3, 1, 2)})


def lrn(layer: Layer, sheet: Sheet) -> None:
    """ONNX's own, which divides α by the size too."""
    op: Any = layer.op
    attributes = {"size": op.size, "alpha": op.alpha, "beta": op.beta, "bias": op.k}
    sheet.node("LRN", layer.inputs, layer.name, attributes)


def banded_lrn(layer: Layer, sheet: Sheet) -> None:
    """The same as ``t = k + α/size·B·x² ; y = x·exp(−β·log t)``, B a band of ones: what is fast in ONNX Runtime.

    Its own LRN calls a power function for every element, which takes ten times as long. Not for fp16, where squares
    overflow, not for int8, which does not hold them, and not for other systems, which have kernels for LRN.
    """
    op: Any = layer.op
    name, channels = layer.name, range(layer.output[0])
    band = np.abs(np.subtract.outer(channels, channels)) <= op.size // 2
    kernel = sheet.constant(f"{name}/band", band[:, :, None, None] * (op.alpha / op.size))
    k = sheet.constant(f"{name}/k", np.full(len(channels), op.k))
    squares = sheet.node("Mul", [*layer.inputs, *layer.inputs], f"{name}/squares")
    sums = sheet.node("Conv", [squares, kernel, k], f"{name}/sums")
    logarithm = sheet.node("Log", [sums], f"{name}/log")
    exponent = sheet.node("Mul", [logarithm, sheet.constant(f"{name}/exponent", -op.beta)], f"{name}/powers-log")
    powers = sheet.node("Exp", [exponent], f"{name}/powers")
    sheet.node("Mul", [*layer.inputs, powers], name)


def channel_scale(layer: Layer, sheet: Sheet) -> None:
    """One factor per channel."""
    scale = sheet.weight(layer, "scale", column(layer.output))
    sheet.node("Mul", [*layer.inputs, scale], layer.name)
