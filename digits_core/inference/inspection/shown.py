"""Which picture shows an array best: maps, kernels, filters in colour, a matrix, or bars."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from digits_core.graph.graph import INPUT, Layer
from digits_core.graph.native import NATIVE
from digits_core.inference.inspection.bars import bars_picture
from digits_core.inference.inspection.colours import Scale
from digits_core.inference.inspection.tiling import (
    Picture,
    colour_picture,
    factor_for,
    kernels_picture,
    maps_picture,
    matrix_picture,
)

Array = npt.NDArray[Any]


def activation_picture(activation: Array, most: int, scale: Scale | None = None) -> Picture:
    """What a layer made of one picture.

    Args:
        activation: ``[C, H, W]`` or ``[F]``.
        most: Maps that are shown at most.
        scale: What colours stand for; None: chosen for this array.
    """
    if activation.ndim == 1 or activation[0].size == 1:
        return bars_picture(activation.ravel(), "unit" if activation.ndim == 1 else "channel", scale)
    if activation.shape[2] == 1:
        return matrix_picture(activation[:, :, 0], ("channel", "token"), scale)
    return maps_picture(activation, "channel", most, scale)


def weight_picture(layer: Layer, weight: str, array: Array, most: int, scale: Scale | None = None) -> Picture:
    """What a layer has learned.

    Args:
        layer: The layer.
        weight: Canonical name of the weight.
        array: The weight.
        most: Maps that are shown at most; of kernels a table of fifteen times as many.
        scale: What colours stand for; None: chosen for this array.
    """
    if layer.op.kind == NATIVE:
        return _foreign(array, scale)
    if array.ndim == 3:
        return _like_a_picture(weight, array, most, scale)
    if array.ndim == 4:
        return _kernels(layer, array, most, scale)
    if array.ndim == 2:
        return _dense(layer, array, most, scale)
    return bars_picture(array.ravel(), "value" if array.size == 1 else "channel", scale)


def _kernels(layer: Layer, kernel: Array, most: int, scale: Scale | None) -> Picture:
    inputs, height, width = kernel.shape[1:]
    if layer.inputs == (INPUT,) and inputs == 3:
        return colour_picture(kernel, "filter", most)
    if inputs == 1:
        return maps_picture(kernel[:, 0], "filter", most, scale)
    if height == width == 1:
        return matrix_picture(kernel[:, :, 0, 0], ("filter", "input channel"), scale)
    return kernels_picture(kernel, most, scale)


def _dense(layer: Layer, kernel: Array, most: int, scale: Scale | None) -> Picture:
    """A unit that sees the picture itself has a template of it; other kernels are matrices."""
    shape = layer.input_shapes[0]
    if layer.inputs == (INPUT,) and len(shape) == 3:
        templates = kernel.reshape(len(kernel), *shape)
        if shape[0] == 3:
            return colour_picture(templates, "unit", most)
        if shape[0] == 1:
            return maps_picture(templates[:, 0], "unit", most, scale)
    return matrix_picture(kernel, ("unit", "input"), scale)


def _like_a_picture(weight: str, array: Array, most: int, scale: Scale | None) -> Picture:
    if weight == f"{INPUT}/mean" and array.shape[0] == 3 and array[0].size > 1:
        levels = np.clip(np.nan_to_num(array), 0, 255).round().astype(np.uint8).transpose(1, 2, 0)
        image = Image.fromarray(levels)
        return Picture(image, factor_for(image.width, image.height, max(image.size)), None, "the mean picture")
    return activation_picture(array, most, scale)


def _foreign(array: Array, scale: Scale | None) -> Picture:
    """An array whose axes only its framework knows."""
    if array.ndim < 2:
        return bars_picture(array.ravel(), "element", scale)
    return matrix_picture(array.reshape(len(array), -1), ("place of the first axis", "element"), scale)
