"""Sliding windows over ``[B, C, H, W]``: padding, what a window sees, and the way to a matrix and back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from digits_core.graph.shapes import Windows
from digits_numpy.arrays import Array


def pad(x: Array, windows: Windows, value: float) -> Array:
    """``x`` with the padding that was asked for and the rows and columns that ceil mode needs."""
    top, bottom, left, right = windows.padding
    sides = [(0, 0), (0, 0), (top, bottom + windows.extra[0]), (left, right + windows.extra[1])]
    return np.pad(x, sides, constant_values=value)


def crop(padded: Array, windows: Windows, x: Array) -> Array:
    """What of ``padded`` is ``x``."""
    top, _, left, _ = windows.padding
    return padded[:, :, top : top + x.shape[2], left : left + x.shape[3]]


def taps(
    windows: Windows, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int] = (1, 1)
) -> Iterator[tuple[slice, slice, slice, slice]]:
    """For each element of the kernel, row by row, where the windows have it in the padded picture."""
    whole = slice(None)
    for u in range(kernel[0]):
        for v in range(kernel[1]):
            starts = u * dilation[0], v * dilation[1]
            rows, columns = (
                slice(start, start + (count - 1) * step + 1, step)
                for start, count, step in zip(starts, windows.output, stride, strict=True)
            )
            yield whole, whole, rows, columns


def unroll(columns: Array) -> Array:
    """``[B, C, K, h, w]`` to ``[B·h·w, C·K]``."""
    batch, channels, elements, height, width = columns.shape
    return columns.transpose(0, 3, 4, 1, 2).reshape(batch * height * width, channels * elements)


def roll(flat: Array, like: Array, elements: int) -> Array:
    """``[B·h·w, C·K]`` to ``[B, C, K, h, w]``."""
    batch, _, height, width = like.shape
    return flat.reshape(batch, height, width, -1, elements).transpose(0, 3, 4, 1, 2)


def to_picture(flat: Array, batch: int, windows: Windows) -> Array:
    """``[B·h·w, O]`` to ``[B, O, h, w]``."""
    return flat.reshape(batch, *windows.output, -1).transpose(0, 3, 1, 2)
