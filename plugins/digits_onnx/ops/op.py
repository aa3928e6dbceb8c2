"""What every builder is, and how constants per channel are shaped."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from digits_core.graph.graph import Layer
from digits_core.graph.shapes import Shape
from digits_onnx.sheet import Sheet

#: (layer, sheet) → nodes on the sheet, the last of which is called as the layer
Builder: TypeAlias = Callable[[Layer, Sheet], None]


def column(shape: Shape) -> Shape:
    """The shape in which one value per channel meets ``[B, *shape]``.

    >>> column((16, 9, 9)), column((10,))
    ((16, 1, 1), (10,))
    """
    return (shape[0], *[1] * (len(shape) - 1))
