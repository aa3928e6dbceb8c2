"""A vector as bars, one for each element: up from 0, or down."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from digits_core.inference.inspection.colours import Scale
from digits_core.inference.inspection.tiling import Picture, counted, spaced

#: Bars that are shown, and the height of the picture.
MOST_BARS, HEIGHT = 400, 96
_WIDE = 800
#: Of elements above 0, below 0, and of the line at 0; seen on light and on dark.
_UP, _DOWN, _AXIS = (205, 92, 70, 255), (58, 124, 190, 255), (128, 128, 128, 255)


def bars_picture(vector: npt.NDArray[Any], what: str, scale: Scale | None = None) -> Picture:
    """A vector ``[N]`` as bars.

    Args:
        vector: The elements; beyond `MOST_BARS` they are thinned out evenly.
        what: What one is, for the caption.
        scale: The values at the lower and the upper edge; None: chosen for this vector.
    """
    values = np.nan_to_num(vector[spaced(len(vector), MOST_BARS)].astype(np.float64), posinf=0.0, neginf=0.0)
    scale = scale or reach_of(vector)
    low, high = scale.low, scale.high
    step = max(2, min(16, _WIDE // len(values)))
    zero = _row(0.0, low, high)
    pixels = np.zeros((HEIGHT, len(values) * step, 4), np.uint8)
    pixels[zero] = _AXIS
    thick = step - 1 if step < 6 else step - 2
    for place, value in enumerate(np.clip(values, low, high)):
        left, tip = place * step, _row(float(value), low, high)
        pixels[min(tip, zero) : max(tip, zero), left : left + thick] = _UP if value > 0 else _DOWN
    caption = counted(len(values), len(vector), what)
    return Picture(Image.fromarray(pixels), 1, scale, caption, bars=True)


def reach_of(vector: npt.NDArray[Any]) -> Scale:
    """From the smallest to the largest element, 0 among them."""
    finite = vector[np.isfinite(vector)]
    return Scale(float(finite.min(initial=0)), float(finite.max(initial=0)))


def _row(value: float, low: float, high: float) -> int:
    """The row of the picture that a value reaches to."""
    return round((HEIGHT - 1) * (high - value) / ((high - low) or 1.0))
