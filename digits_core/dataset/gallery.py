"""Finding pictures of a split, page by page, and handing them out as PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
from PIL import Image

from digits_core.dataset.explore import matching
from digits_core.dataset.opened import SplitReader
from digits_core.dataset.picking import keys_like
from digits_core.dataset.pictures import Pixels
from digits_core.dataset.sampler import Indices

_WILD = set("*?[")
# Pages are looked at once: what is written quickly is better than what is small.
_PNG_LEVEL = 1


def find_pictures(reader: SplitReader, labels: Sequence[str], label: str | None, query: str) -> Indices:
    """Places of the pictures of a class whose key has ``query`` in it; int64 ``[N]``.

    Args:
        reader: The split.
        labels: Names of the classes.
        label: The class; None: any.
        query: Part of the key in any case, or a pattern such as ``cat/*``; empty: any.

    Raises:
        NameUnknown: If there is no such class.
    """
    places = matching(reader, labels, label)
    if not query:
        return places
    if _WILD & set(query):
        found = keys_like(reader, query)
    else:
        found = np.flatnonzero(
            pc.match_substring(reader.keys(), query, ignore_case=True).to_numpy(zero_copy_only=False)
        )
    return np.intersect1d(places, found, assume_unique=True)


def png(pixels: Pixels | npt.NDArray[np.uint16], size: int | None = None) -> bytes:
    """Pixels ``[H, W]`` or ``[H, W, C]`` as PNG.

    Args:
        pixels: The picture.
        size: Most pixels of its longer side; larger ones are reduced, smaller ones stay as they are.
    """
    image = Image.fromarray(pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
    if size is not None and max(image.size) > size:
        image.thumbnail((size, size), Image.Resampling.BILINEAR)
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=_PNG_LEVEL)
    return stream.getvalue()
