"""The picture that a network begins with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from digits_core.graph.graph import Layer
from digits_tensorflow.framework import tf
from digits_tensorflow.ops.op import Pass


def input(layer: Layer, inputs: Sequence[tf.Tensor], run: Pass) -> tf.Tensor:
    """Pictures of 0 to 255, centred and scaled."""
    op: Any = layer.op
    centred = inputs[0] - run.weights["input/mean"] if op.mean != "none" else inputs[0]
    return centred * op.scale
