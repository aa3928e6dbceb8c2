"""What values become: colour jitter, HSV, noise, cutout.

Values are rounded to the nearest level, halves to the even one, and clipped to 0 … 255. The gray of a pixel is
``0.299·R + 0.587·G + 0.114·B``. Conversions are OpenCV's for 8 bits, with 256 steps of hue.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.dataset.augment.opencv import opencv
from digits_core.dataset.augment.placing import normal, signed
from digits_core.dataset.pictures import PADDING, Pixels
from digits_core.spec.augment import Augmentation

_LEVELS = np.arange(256)


def brightness(picture: Pixels, draws: Sequence[float], options: Augmentation) -> Pixels:
    """``v·f``, f uniform in 1 ± b."""
    return brightened(picture, 1 + options.brightness * signed(draws[0]))


def contrast(picture: Pixels, draws: Sequence[float], options: Augmentation) -> Pixels:
    """``m + f·(v − m)``, m the picture's mean gray, f uniform in 1 ± c."""
    return contrasted(picture, 1 + options.contrast * signed(draws[0]))


def saturation(picture: Pixels, draws: Sequence[float], options: Augmentation) -> Pixels:
    """``g + f·(v − g)``, g the gray of the pixel, f uniform in 1 ± s."""
    return saturated(picture, 1 + options.saturation * signed(draws[0]))


def hue(picture: Pixels, draws: Sequence[float], options: Augmentation) -> Pixels:
    """Turn the hue by a share of a full turn that is uniform in ± h."""
    return _shifted(picture, (options.hue * signed(draws[0]), 0, 0))


def hsv(picture: Pixels, draws: Sequence[float], options: Augmentation) -> Pixels:
    """Add ``σ·z`` to hue, saturation and value of all pixels, z normal, one for each of the three."""
    return _shifted(picture, [deviation * normal(draw) for deviation, draw in zip(options.hsv, draws, strict=True)])


def noise(picture: Pixels, draws: Sequence[float], options: Augmentation) -> Pixels:
    """Add rounded normal noise to every value by itself, at most 127 levels either way.

    Each value has a random byte of SFC64 and takes the noise of the same number in `noise_levels`.
    """
    cv2, generator = opencv(), np.random.Generator(np.random.SFC64(int(draws[0] * 2**53)))
    # The generator's raw words; `random_raw` would take and give the interpreter's lock for each.
    bits = generator.integers(0, 2**64, -(-picture.size // 8), np.uint64).view(np.uint8)
    levels = cv2.LUT(bits[: picture.size].reshape(picture.shape), noise_levels(options.noise)).reshape(picture.shape)
    # Sums of signed bytes saturate at −128 and 127, as those of levels have to at 0 and 255.
    noisy: Pixels = cv2.add((picture ^ 128).view(np.int8), levels).view(np.uint8) ^ 128
    return noisy.reshape(picture.shape)


@cache
def noise_levels(deviation: float) -> npt.NDArray[np.int8]:
    """256 equally likely levels: the quantiles of the normal distribution, brought to variance 1, times σ·255."""
    quantiles = np.array([normal((number + 0.5) / 256) for number in range(256)])
    levels = np.rint(quantiles / quantiles.std() * (deviation * 255))
    clipped: npt.NDArray[np.int8] = np.clip(levels, -127, 127).astype(np.int8)
    return clipped


def cutout(picture: Pixels, draws: Sequence[float], options: Augmentation) -> Pixels:
    """Paint a square mid-gray; what of it lies outside of the picture is lost."""
    side = options.cutout
    top, left = (int(draw * length) - side // 2 for draw, length in zip(draws, picture.shape[:2], strict=True))
    painted = picture.copy()
    painted[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)] = PADDING
    return painted


def brightened(picture: Pixels, factor: float) -> Pixels:
    """``v·f``."""
    return mapped(picture, _LEVELS * factor)


def contrasted(picture: Pixels, factor: float) -> Pixels:
    """``m + f·(v − m)``, m the mean gray of the picture."""
    mean = opencv().mean(gray(picture))[0]
    return mapped(picture, mean + factor * (_LEVELS - mean))


def saturated(picture: Pixels, factor: float) -> Pixels:
    """``g + f·(v − g)``, g the gray of the pixel; a gray picture stays as it is."""
    if picture.shape[2] == 1:
        return picture
    cv2 = opencv()
    blended: Pixels = cv2.addWeighted(picture, factor, cv2.cvtColor(gray(picture), cv2.COLOR_GRAY2RGB), 1 - factor, 0)
    return blended


def gray(picture: Pixels) -> Pixels:
    """uint8 ``[H, W]``."""
    if picture.shape[2] == 1:
        return picture[:, :, 0]
    found: Pixels = opencv().cvtColor(picture, opencv().COLOR_RGB2GRAY)
    return found


def mapped(picture: Pixels, levels: npt.NDArray[Any]) -> Pixels:
    """Every value replaced by what ``levels``, ``[256]`` or ``[256, C]``, has for it, rounded and clipped."""
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8).reshape(1, 256, -1)
    replaced: Pixels = opencv().LUT(picture, table)
    return replaced


def _shifted(picture: Pixels, shares: Sequence[float]) -> Pixels:
    """Add to hue, which goes round, and to saturation and value, which end."""
    cv2 = opencv()
    hue_levels = (_LEVELS + round(256 * shares[0])) % 256
    levels = np.stack([hue_levels, *(_LEVELS + round(255 * share) for share in shares[1:])], axis=1)
    shifted = mapped(cv2.cvtColor(picture, cv2.COLOR_RGB2HSV_FULL), levels)
    back: Pixels = cv2.cvtColor(shifted, cv2.COLOR_HSV2RGB_FULL)
    return back
