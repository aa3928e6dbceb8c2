"""Padding of the windows that slide over a picture."""

from __future__ import annotations

import math

import numpy as np

from digits_core.graph.shapes import Shape, Windows
from digits_tensorflow.framework import tf


def padded(x: tf.Tensor, windows: Windows, value: float) -> tf.Tensor:
    """``x`` ``[B, H, W, C]`` with the padding asked for, and the rows and columns that ceil mode needs."""
    sides = _sides(windows)
    return tf.pad(x, sides, constant_values=value) if np.any(sides) else x


def edged(x: tf.Tensor, windows: Windows) -> tf.Tensor:
    """``x`` padded with its outermost elements: to the largest of a window the same as −∞, but a number; slower."""
    sides = np.array(_sides(windows))
    while np.any(sides):  # mirroring one element repeats it
        once = np.minimum(sides, 1)
        x, sides = tf.pad(x, once, "SYMMETRIC"), sides - once
    return x


def is_same(windows: Windows, picture: Shape, kernel: tuple[int, int], stride: tuple[int, int]) -> bool:
    """Whether TensorFlow's word ``SAME`` means the padding of ``windows``, and there is any.

    Args:
        windows: What is to be padded.
        picture: Canonical shape of the input, ``[C, H, W]``.
        kernel: Height and width of a window, from its first element to its last.
        stride: Distance between windows.
    """
    usual: list[list[int]] = []
    for size, count, extent, step in zip(picture[1:], windows.output, kernel, stride, strict=True):
        missing = max(0, (count - 1) * step + extent - size)
        usual.append([missing // 2, missing - missing // 2] if count == math.ceil(size / step) else [-1, -1])
    sides = _sides(windows)[1:3]
    return sides == usual and bool(np.any(sides))


def _sides(windows: Windows) -> list[list[int]]:
    """Padding of each axis of ``[B, H, W, C]``, with what ceil mode adds."""
    top, bottom, left, right = windows.padding
    return [[0, 0], [top, bottom + windows.extra[0]], [left, right + windows.extra[1]], [0, 0]]
