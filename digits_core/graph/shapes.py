"""Shapes and the arithmetic of windows that slide over them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field

#: Channels, height, width; or features. Never the batch.
Shape: TypeAlias = tuple[int, ...]


class ShapeMismatch(Exception):
    """An operation cannot work on what it is given; the graph turns it into a problem that names the layer.

    Args:
        expected: What the operation expects, for example ``height >= 5``.
        found: What it was given.
        hint: What to do.
    """

    def __init__(self, expected: str, found: str, hint: str) -> None:
        super().__init__(expected, found, hint)
        self.expected, self.found, self.hint = expected, found, hint


def _pair(value: Any) -> Any:
    return (value, value) if isinstance(value, int) else value


def _sides(value: Any) -> Any:
    if isinstance(value, int):
        return (value, value, value, value)
    if isinstance(value, (list, tuple)) and len(value) == 2:
        return (value[0], value[0], value[1], value[1])
    return value


_Positive = Annotated[int, Field(ge=1)]
_Natural = Annotated[int, Field(ge=0)]
#: Height and width; one number means both.
Pair = Annotated[
    tuple[_Positive, _Positive],
    BeforeValidator(_pair, json_schema_input_type=_Positive | tuple[_Positive, _Positive]),
]
#: Top, bottom, left, right; one number means all, two mean vertical and horizontal.
Sides = Annotated[
    tuple[_Natural, _Natural, _Natural, _Natural],
    BeforeValidator(
        _sides,
        json_schema_input_type=_Natural | tuple[_Natural, _Natural] | tuple[_Natural, _Natural, _Natural, _Natural],
    ),
]


@dataclass(frozen=True, slots=True)
class Windows:
    """Where windows lie along height and width.

    Attributes:
        output: Number of windows as (height, width).
        padding: Padding as (top, bottom, left, right) that was asked for.
        extra: Further rows at the bottom and columns at the right that ceil mode needs, never counted in averages.
    """

    output: tuple[int, int]
    padding: tuple[int, int, int, int]
    extra: tuple[int, int]


def require_picture(shape: Shape) -> None:
    """Refuse what is not ``[C, H, W]``.

    Raises:
        ShapeMismatch: If ``shape`` is not a picture.
    """
    if len(shape) != 3:
        raise ShapeMismatch("a picture [C, H, W]", f"shape {list(shape)}", "Put it before dense and flatten.")


def slide(
    shape: Shape,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
    *,
    dilation: tuple[int, int] = (1, 1),
    ceil_mode: bool = False,
) -> Windows:
    """Lay windows over a picture of ``shape`` ``[C, H, W]``.

    ``n = ⌊(size + pads − (dilation·(kernel − 1) + 1)) / stride⌋ + 1``; with ``ceil_mode`` the quotient is rounded up,
    but a last window that would begin in the padding at the end is dropped.

    Raises:
        ShapeMismatch: If ``shape`` is not a picture, or smaller than one window.
    """
    require_picture(shape)
    counts: list[int] = []
    extras: list[int] = []
    for axis, word in enumerate(("height", "width")):
        size, before, after = shape[axis + 1], padding[2 * axis], padding[2 * axis + 1]
        extent = dilation[axis] * (kernel[axis] - 1) + 1
        room = size + before + after - extent
        if room < 0:
            raise ShapeMismatch(
                f"{word} >= {extent - before - after}",
                str(size),
                "Use larger images, a smaller kernel, more padding, or drop a pooling layer before it.",
            )
        count = (math.ceil if ceil_mode else math.floor)(room / stride[axis]) + 1
        if ceil_mode and (count - 1) * stride[axis] >= size + before:
            count -= 1
        counts.append(count)
        extras.append(max(0, (count - 1) * stride[axis] + extent - size - before - after))
    return Windows((counts[0], counts[1]), padding, (extras[0], extras[1]))
