"""A picture that nobody owns, by which a receiver sees that what runs computes what it should."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from digits_core.archive.manifest import Preprocessing
from digits_core.dataset.pictures import Pixels


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture and what the network makes of it.

    Attributes:
        picture: uint8 ``[H, W, C]``, in the form that pictures are brought into.
        output: Probabilities float32 ``[1, classes]``.
    """

    picture: Pixels
    output: npt.NDArray[np.float32]


def reference_picture(preprocessing: Preprocessing) -> Pixels:
    """Rings over a slope, other ones in each channel: uint8 ``[H, W, C]``, the same everywhere and for ever.

    It is made and not taken from a dataset, so that an archive gives away no picture of anybody.
    """
    form = preprocessing.picture
    down, across, channel = np.ogrid[: form.height, : form.width, : form.channels]
    rings = (down * down + across * across * (channel + 1)) // 7
    pixels: Pixels = ((rings + 5 * down + 3 * across + 60 * channel) % 256).astype(np.uint8)
    return pixels


def network_input(picture: Pixels, preprocessing: Preprocessing) -> Pixels:
    """A picture as the network takes it: uint8 ``[1, H, W, C]``, the middle where a crop says so."""
    height, width = preprocessing.crop or picture.shape[:2]
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return np.ascontiguousarray(picture[None, top : top + height, left : left + width])


def png(picture: Pixels) -> bytes:
    """A picture as a PNG file."""
    stream = io.BytesIO()
    plain: npt.NDArray[Any] = picture[:, :, 0] if picture.shape[2] == 1 else picture
    Image.fromarray(plain).save(stream, "PNG")
    return stream.getvalue()
