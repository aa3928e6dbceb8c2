"""Padding of the windows that slide over a picture."""

from __future__ import annotations

import numpy as np

from digits_core.graph.shapes import Windows
from digits_tensorflow.framework import tf


def padded(x: tf.Tensor, windows: Windows, value: float) -> tf.Tensor:
    """``x`` ``[B, H, W, C]`` with the padding asked for, and the rows and columns that ceil mode needs."""
    sides = _sides(windows)
    return tf.pad(x, sides, constant_values=value) if np.any(sides) else x


def _sides(windows: Windows) -> list[list[int]]:
    """Padding of each axis of ``[B, H, W, C]``, with what ceil mode adds."""
    top, bottom, left, right = windows.padding
    return [[0, 0], [top, bottom + windows.extra[0]], [left, right + windows.extra[1]], [0, 0]]
