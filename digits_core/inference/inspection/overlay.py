"""A picture as the network saw it, and what counts in it laid over it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from digits_core.inference.inspection.saliency import Saliency
from digits_core.inference.inspection.tiling import Picture

#: How much of the picture shows through where it counts most, and pixels that a side is enlarged towards.
_THROUGH, _SIDE = 0.25, 280
#: Of what speaks for the class, and of what speaks against it.
_FOR, _AGAINST = (255, 70, 20), (40, 110, 255)


def seen_picture(pixels: npt.NDArray[np.uint8]) -> Picture:
    """The picture as the network saw it, uint8 ``[H, W, C]``."""
    return Picture(_rgb(pixels), _factor(pixels), None, "as the network sees it")


def overlay_picture(pixels: npt.NDArray[np.uint8], saliency: Saliency) -> Picture:
    """The picture in gray, red where something speaks for the class and blue where it speaks against it."""
    factor = _factor(pixels)
    size = (pixels.shape[1] * factor, pixels.shape[0] * factor)
    gray = np.asarray(_rgb(pixels).convert("L").resize(size, Image.Resampling.NEAREST), np.float64)[:, :, None]
    values = np.asarray(Image.fromarray(saliency.pixels.astype(np.float32)).resize(size, Image.Resampling.BILINEAR))
    strength = (1 - _THROUGH) * np.abs(values) / (np.abs(values).max() or 1.0)
    colour = np.where((values > 0)[:, :, None], _FOR, _AGAINST)
    # The ground is drawn lighter, so that strokes in black stay visible under the colours.
    mixed = (48 + 0.72 * gray) * (1 - strength[:, :, None]) + colour * strength[:, :, None]
    return Picture(Image.fromarray(mixed.round().astype(np.uint8)), 1, None, describe(saliency))


def describe(saliency: Saliency) -> str:
    """What was asked and what was found, in a sentence."""
    peak = f"{saliency.values.max():.3g}"
    if saliency.method == "occlusion":
        return f"Hiding {saliency.window} × {saliency.window} pixels lowers the probability by {peak} at most"
    return f"Features of {saliency.layer} that speak for the class; {peak} at most"


def _factor(pixels: npt.NDArray[np.uint8]) -> int:
    return max(1, _SIDE // int(max(pixels.shape[:2])))


def _rgb(pixels: npt.NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).convert("RGB")
