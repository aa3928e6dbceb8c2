"""Pictures of nobody, for a model whose dataset is not here or is nobody's business."""

from __future__ import annotations

import numpy as np

from digits_core.dataset.pictures import Pixels


def drawn_pictures(height: int, width: int, channels: int, count: int = 1) -> Pixels:
    """Rings over a slope, other ones in each channel and each picture: the same everywhere and for ever.

    A formula and no draw of numpy, whose generators may change: archives hold the first picture, and are the same to
    the last byte.

    Returns:
        uint8 ``[count, height, width, channels]``.

    >>> drawn_pictures(2, 3, 1)[0, :, :, 0].tolist()
    [[0, 3, 6], [5, 8, 11]]
    """
    number, down, across, channel = np.ogrid[:count, :height, :width, :channels]
    rings = (down * down + across * across * (channel + 1)) // (7 + number)
    slope = (5 + 2 * number) * down + 3 * across + 60 * channel + 97 * number
    pixels: Pixels = ((rings + slope) % 256).astype(np.uint8)
    return pixels
