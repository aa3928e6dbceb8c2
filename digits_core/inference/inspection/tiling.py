"""Tiles side by side: many small maps as one picture.

Pictures are kept small, one pixel per element, and enlarged where they are shown; what is too much is left out evenly,
and said.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from digits_core.inference.inspection.colours import GAP, Scale, scale_of

Array: TypeAlias = npt.NDArray[Any]

#: Pixels of a side that a map is reduced to.
LARGEST_TILE = 72
#: Pixels that a picture is enlarged towards, and by how much at most.
_WIDE, _TALL, _MOST = 840, 440, 24
#: Pixels that a side of one tile is enlarged towards.
_TILE = 200
#: Filters and their input channels in a table of kernels, where 64 maps are shown at most.
_FILTERS, _CHANNELS = 40, 24
#: Rows and columns that a matrix is thinned out to.
LARGEST_MATRIX = (192, 384)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of an array.

    Attributes:
        image: One pixel per element; mode P with gaps transparent, or RGB, or RGBA.
        factor: How much larger it is meant to be shown.
        scale: What its colours or heights stand for; None where each tile has a scale of its own, or none.
        caption: What is shown, and what was left out.
        bars: Whether heights stand for values, and not colours.
    """

    image: Image.Image
    factor: int
    scale: Scale | None
    caption: str
    bars: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as shown, in pixels."""
        return self.image.width * self.factor, self.image.height * self.factor

    def png(self, *, enlarged: bool = False) -> bytes:
        """The file; as small as it is, or as large as it is meant to be shown."""
        image = self.image.resize(self.size, Image.Resampling.NEAREST) if enlarged else self.image
        target = io.BytesIO()
        image.save(target, "PNG", optimize=True)
        return target.getvalue()


def maps_picture(maps: Array, what: str, most: int, scale: Scale | None = None) -> Picture:
    """Maps ``[N, h, w]`` of one scale as tiles.

    Args:
        maps: The maps; large ones are reduced.
        what: What one is, for the caption, for example ``channel``.
        most: At most so many are shown, evenly spaced.
        scale: What colours stand for; None: chosen for these maps.
    """
    shown = spaced(len(maps), most)
    scale = scale or scale_of(maps)
    tiles = _reduced(maps[shown])
    said = [counted(len(shown), len(maps), what)]
    if tiles.shape[1:] != maps.shape[1:]:
        said.append(f"{_size(maps.shape[1:])} reduced to {_size(tiles.shape[1:])}")
    return palette_picture(grid(scale.indices(tiles), GAP), scale, ", ".join(said), max(tiles.shape[1:]))


def colour_picture(filters: Array, what: str, most: int) -> Picture:
    """Filters ``[N, 3, h, w]`` of RGB pictures in their colours, each on a scale of its own around mid-gray."""
    shown = spaced(len(filters), most)
    chosen = np.nan_to_num(filters[shown].astype(np.float64))
    reach = np.abs(chosen).max(axis=(1, 2, 3), keepdims=True)
    pixels = (127.5 + 127.5 * chosen / np.where(reach == 0, 1, reach)).round().astype(np.uint8)
    opaque = np.full((len(shown), 1, *filters.shape[2:]), 255, np.uint8)
    tiles = np.concatenate([pixels, opaque], 1).transpose(0, 2, 3, 1)
    image = Image.fromarray(grid(tiles, 0))
    caption = f"{counted(len(shown), len(filters), what)} in RGB, each on its own scale; mid-grey is 0"
    return Picture(image, factor_for(image.width, image.height, max(filters.shape[2:])), None, caption)


def kernels_picture(kernels: Array, most: int, scale: Scale | None = None) -> Picture:
    """Kernels ``[O, I, h, w]`` as a table of tiles: a column for each filter, a row for each channel that it takes."""
    side = math.sqrt(most / 64)
    columns, rows = (
        spaced(count, max(1, round(few * side)))
        for count, few in zip(kernels.shape[:2], (_FILTERS, _CHANNELS), strict=True)
    )
    scale = scale or scale_of(kernels)
    tiles = scale.indices(kernels[np.ix_(columns, rows)]).swapaxes(0, 1).reshape(-1, *kernels.shape[2:])
    caption = (
        f"{counted(len(columns), kernels.shape[0], 'filter')} in columns, "
        f"{counted(len(rows), kernels.shape[1], 'input channel')} in rows"
    )
    return palette_picture(grid(tiles, GAP, len(columns)), scale, caption, max(tiles.shape[1:]))


def matrix_picture(matrix: Array, names: tuple[str, str], scale: Scale | None = None) -> Picture:
    """A matrix ``[R, C]``, an element a pixel; rows and columns beyond `LARGEST_MATRIX` are thinned out.

    Args:
        matrix: The matrix.
        names: What a row and a column are, for the caption.
        scale: What colours stand for; None: chosen for this matrix.
    """
    taken = [spaced(count, most) for count, most in zip(matrix.shape, LARGEST_MATRIX, strict=True)]
    scale = scale or scale_of(matrix)
    rows, columns = (counted(len(t), n, name) for t, n, name in zip(taken, matrix.shape, names, strict=True))
    caption = f"{rows} in rows, {columns} in columns"
    return palette_picture(scale.indices(matrix[np.ix_(*taken)]), scale, caption)


def palette_picture(indices: npt.NDArray[np.uint8], scale: Scale, caption: str, tile: int = 1) -> Picture:
    """A picture of palette indices; ``tile`` is the longer side of the tiles in it."""
    image = Image.fromarray(indices, "P")
    image.putpalette(scale.palette)
    image.info["transparency"] = GAP
    return Picture(image, factor_for(image.width, image.height, tile), scale, caption)


def grid(tiles: npt.NDArray[np.uint8], ground: int, columns: int | None = None) -> npt.NDArray[np.uint8]:
    """Tiles ``[N, h, w, …]`` side by side with a gap of one pixel; about 2 : 1 unless ``columns`` says otherwise."""
    count, height, width = tiles.shape[:3]
    columns = columns or _columns(count, 2 * (height + 1) / (width + 1))
    rows = -(-count // columns)
    whole = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, *tiles.shape[3:]), ground, np.uint8)
    for place, tile in enumerate(tiles):
        top, left = place // columns * (height + 1), place % columns * (width + 1)
        whole[top : top + height, left : left + width] = tile
    return whole


def _columns(count: int, ratio: float) -> int:
    """How many columns: about ``ratio`` times as many as rows, and as few empty places as that allows."""
    ideal = math.sqrt(count * ratio)
    choices = range(max(1, math.floor(0.7 * ideal)), min(count, math.ceil(1.45 * ideal)) + 1)
    return min(choices or [1], key=lambda columns: (-count % columns, abs(columns - ideal)))


def spaced(count: int, most: int) -> npt.NDArray[np.int64]:
    """At most ``most`` of ``count`` places, evenly spaced, both ends among them.

    >>> spaced(10, 4).tolist(), spaced(3, 4).tolist()
    ([0, 3, 6, 9], [0, 1, 2])
    """
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def counted(shown: int, count: int, what: str) -> str:
    """How many are shown, in words.

    >>> counted(64, 256, "channel"), counted(1, 1, "filter")
    ('64 of 256 channels', '1 filter')
    """
    whole = f"{count:,} {what}{'' if count == 1 else 's'}"
    return whole if shown == count else f"{shown:,} of {whole}"


def factor_for(width: int, height: int, tile: int) -> int:
    """By how much a picture with tiles of that side is enlarged to be seen well."""
    return max(1, min(_WIDE // width, _TALL // height, _TILE // tile, _MOST))


def _reduced(maps: Array) -> Array:
    """Maps with sides of at most `LARGEST_TILE`; an element is the mean of those it stands for."""
    height, width = maps.shape[1:]
    factor = LARGEST_TILE / max(height, width)
    if factor >= 1:
        return maps
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.stack([_resize(one, size) for one in maps])


def _resize(one: Array, size: tuple[int, int]) -> Array:
    return np.asarray(Image.fromarray(one.astype(np.float32)).resize(size, Image.Resampling.BOX))


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} × {shape[0]}"
