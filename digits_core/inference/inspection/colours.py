"""Numbers as colours: one scale for values of both signs, one for those of one sign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

#: Beyond this share of the elements, by magnitude, colours no longer differ: a single large one must not darken all.
WITHIN = 0.998
#: Palette index of what lies between tiles, and the last one that stands for a value.
GAP, LAST = 255, 254

_ENOUGH = 2**21

# From dark to bright, so that more is brighter; and from blue over near-white to red, alike in brightness at both ends.
_ONE_SIDED = (
    (10, 9, 30),
    (63, 20, 104),
    (143, 37, 111),
    (215, 72, 84),
    (250, 140, 60),
    (252, 205, 100),
    (252, 250, 205),
)
_TWO_SIDED = (
    (9, 48, 110),
    (40, 110, 180),
    (135, 185, 220),
    (244, 243, 240),
    (244, 170, 130),
    (205, 75, 60),
    (110, 8, 35),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """What colours stand for.

    Attributes:
        low: Value of the first colour; what is lower has it too.
        high: Value of the last one.
    """

    low: float
    high: float

    @property
    def signed(self) -> bool:
        """Whether 0 is in the middle."""
        return self.low < 0

    @property
    def palette(self) -> bytes:
        """RGB of each of the 256 indices; the last one is for gaps, and to be made transparent."""
        anchors = np.array(_TWO_SIDED if self.signed else _ONE_SIDED, np.float64)
        places = np.linspace(0, LAST, len(anchors))
        colours = [np.interp(np.arange(LAST + 1), places, anchors[:, channel]) for channel in range(3)]
        return np.vstack([np.stack(colours, 1).round(), [[128, 128, 128]]]).astype(np.uint8).tobytes()

    def indices(self, array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """The palette index of every element; what is not finite is a gap."""
        span = (self.high - self.low) or 1.0
        with np.errstate(invalid="ignore"):
            places = np.clip((array.astype(np.float64) - self.low) / span, 0, 1) * LAST
        return np.where(np.isfinite(array), places.round(), GAP).astype(np.uint8)


def gradient(*, signed: bool) -> str:
    """The colours of a scale as CSS, from low to high."""
    colours = (f"rgb{anchor}" for anchor in (_TWO_SIDED if signed else _ONE_SIDED))
    return f"linear-gradient(90deg, {', '.join(colours)})"


def scale_of(array: npt.NDArray[Any]) -> Scale:
    """A scale for an array: around 0 if it has negative elements, else from 0.

    >>> scale_of(np.array([1.0, 4.0])), scale_of(np.array([-3.0, 1.0]))
    (Scale(low=0.0, high=4.0), Scale(low=-3.0, high=3.0))
    """
    # So many of a large kernel tell its largest part in a thousand well enough.
    sample = array.ravel()[:: max(1, array.size // _ENOUGH)]
    finite = np.abs(sample[np.isfinite(sample)])
    reach = float(np.quantile(finite, WITHIN, method="higher")) if finite.size else 0.0
    reach = reach or float(finite.max(initial=0.0)) or 1.0
    return Scale(-reach if bool((array < 0).any()) else 0.0, reach)
