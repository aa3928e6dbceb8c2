"""Where pixels go: parts of pictures, one warp for all that interpolates, mirrors and quarter turns.

A warp reads output pixel (x, y) at the source place (X, Y) that a matrix gives, with 32nds of a pixel and whole-number
arithmetic, so that it is the same in every build of OpenCV; halves are rounded to the even number::

    X = rint(32·(float32(a·x) + float32(b·y + c)))          likewise Y
    i, j, u, v = X >> 5, Y >> 5, X & 31, Y & 31
    out = ((32−u)(32−v)·p[j, i] + u(32−v)·p[j, i+1] + (32−u)v·p[j+1, i] + uv·p[j+1, i+1] + 512) >> 10

Pixels beyond the border are those of the picture mirrored about its outermost pixels (``reflect``), the outermost ones
(``edge``), or 128 (``gray``). Where more than two source pixels fall on one, the source is first halved by the mean of
2 × 2 pixels, rounded half up, as often as that is so; a last odd row or column is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from digits_core.dataset.augment.opencv import opencv, primitives
from digits_core.dataset.pictures import PADDING, Pixels
from digits_core.dataset.sampler import Indices
from digits_core.spec.augment import Augmentation, Border, Range

#: 2 × 3: from an output pixel to the source.
Matrix = npt.NDArray[np.float64]
#: Draws that a random part takes: two for each of so many tries, and two for its place.
TRIES = 10
PART_DRAWS = 2 * TRIES + 2
#: No draw scales by more than this.
MOST_SCALED = 3.0
_NORMAL = NormalDist()
_LEAST = 2.0**-53


class Part(NamedTuple):
    """A rectangle of whole pixels."""

    top: int
    left: int
    height: int
    width: int


def normal(draw: float) -> float:
    """A normally distributed number of a uniform one, through the inverse of the distribution."""
    return _NORMAL.inv_cdf(max(draw, _LEAST))


def signed(draw: float) -> float:
    """A uniform number of [0, 1) as one of [−1, 1)."""
    return 2 * draw - 1


def rotation(draws: Sequence[float], options: Augmentation) -> float:
    """Degrees to rotate by."""
    return options.rotate * signed(draws[0])


def scaling(draws: Sequence[float], options: Augmentation) -> float:
    """The factor to enlarge by, at most `MOST_SCALED` either way."""
    factor = math.exp(options.scale * normal(draws[0]))
    return min(max(factor, 1 / MOST_SCALED), MOST_SCALED)


def random_part(height: int, width: int, area: Range, aspect: Range, draws: Sequence[float]) -> Part:
    """A part of a picture whose share of the area is uniform and whose aspect ratio is uniform in its logarithm.

    The first of `TRIES` that fits; where none does, the largest in the middle whose aspect is in range.
    """
    low, high = map(math.log, aspect)
    for number in range(TRIES):
        pixels = height * width * (area[0] + (area[1] - area[0]) * draws[2 * number])
        ratio = math.exp(low + (high - low) * draws[2 * number + 1])
        rows, columns = round(math.sqrt(pixels / ratio)), round(math.sqrt(pixels * ratio))
        if 1 <= rows <= height and 1 <= columns <= width:
            top, left = int(draws[-2] * (height - rows + 1)), int(draws[-1] * (width - columns + 1))
            return Part(top, left, rows, columns)
    rows = min(height, max(1, round(width / aspect[0])))
    columns = min(width, max(1, round(height * aspect[1])))
    return Part((height - rows) // 2, (width - columns) // 2, rows, columns)


def place(part: Part, size: tuple[int, int], source: tuple[int, int], angle: float, factor: float) -> Matrix:
    """The matrix that shows ``part`` of a picture that was rotated and scaled about its middle.

    Args:
        part: What is seen.
        size: Height and width of the result.
        source: Height and width of the picture.
        angle: Degrees, counter-clockwise.
        factor: Above 1 enlarges.
    """
    across, down = part.width / size[1], part.height / size[0]
    x, y = (source[1] - 1) / 2, (source[0] - 1) / 2
    cos, sin = math.cos(math.radians(angle)) / factor, math.sin(math.radians(angle)) / factor
    left, top = part.left + across / 2 - 0.5 - x, part.top + down / 2 - 0.5 - y
    return np.array(
        [
            [cos * across, -sin * down, x + cos * left - sin * top],
            [sin * across, cos * down, y + sin * left + cos * top],
        ]
    )


def warp(picture: Pixels, matrix: Matrix, size: tuple[int, int], border: Border) -> Pixels:
    """Every pixel of the result interpolated between four of ``picture``; see the head of this file."""
    cv2 = opencv()
    while abs(np.linalg.det(matrix[:, :2])) >= 4 and min(picture.shape[:2]) >= 2:
        picture, matrix = _halved(picture), matrix / 2 - [0, 0, 0.25]
    borders = {"reflect": cv2.BORDER_REFLECT_101, "edge": cv2.BORDER_REPLICATE, "gray": cv2.BORDER_CONSTANT}
    gray = (PADDING,) * picture.shape[2]
    whole, fraction = _sampled(matrix, size)
    warped: Pixels = cv2.remap(picture, whole, fraction, cv2.INTER_LINEAR, borderMode=borders[border], borderValue=gray)
    return warped


def _halved(picture: Pixels) -> Pixels:
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    even = picture[: 2 * height, : 2 * width]
    halved: Pixels = opencv().resize(even, (width, height), interpolation=opencv().INTER_AREA)
    return halved.reshape(height, width, -1)


def _sampled(matrix: Matrix, size: tuple[int, int]) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint16]]:
    """Whole pixels ``[H, W, 2]`` and 32nds of one, ``32·v + u``, as OpenCV takes them."""
    cv2 = opencv()
    along = (matrix[:, :1] * np.arange(size[1])).astype(np.float32)
    start = (matrix[:, 1:2] * np.arange(size[0]) + matrix[:, 2:]).astype(np.float32)
    across, down = np.add.outer(start[0], along[0]), np.add.outer(start[1], along[1])
    whole, fraction = cv2.convertMaps(across, down, cv2.CV_16SC2)
    return whole, fraction


def flip(picture: Pixels, draws: Sequence[float], options: Augmentation) -> Pixels:
    """Mirror with a chance of one half: ``lr`` by the first draw, ``ud`` by the second."""
    across = options.flip in ("lr", "both") and draws[0] < 0.5
    down = options.flip in ("ud", "both") and draws[1] < 0.5
    if not (across or down):
        return picture
    with primitives() as cv2:
        flipped: Pixels = cv2.flip(picture, -1 if across and down else int(across))
    return flipped


def cut(pictures: Pixels, height: int, width: int, tops: Indices, lefts: Indices) -> Pixels:
    """A rectangle of every picture of ``[B, H, W, C]``, each at its own place."""
    count, rows, columns, channels = pictures.shape
    each, down, across, one = pictures.strides
    # Every rectangle there is, as a view of the pictures: one call copies those that are wanted.
    shape = (count, rows - height + 1, columns - width + 1, height, width, channels)
    there = as_strided(pictures, shape, (each, down, across, down, across, one), writeable=False)
    return there[np.arange(count), tops, lefts]


def flip_many(pictures: Pixels, draws: npt.NDArray[np.float64], options: Augmentation) -> None:
    """`flip` of every picture of ``[B, H, W, C]`` in place; draws ``[B, 2]``."""
    for kind, axis in (("lr", 2), ("ud", 1)):
        if options.flip in (kind, "both"):
            chosen = np.flatnonzero(draws[:, 2 - axis] < 0.5)
            backwards = np.arange(pictures.shape[axis])[::-1]
            pictures[chosen] = pictures[chosen].take(backwards, axis=axis)


#: Quarter turns counter-clockwise among which each kind of turn chooses.
TURNS = {"none": (0,), "90": (0, 1, 3), "180": (0, 2), "all": (0, 1, 2, 3)}


def turn(picture: Pixels, draws: Sequence[float], options: Augmentation) -> Pixels:
    """Turn by a multiple of 90 degrees, counter-clockwise."""
    choices = TURNS[options.turn]
    quarters = choices[int(draws[0] * len(choices))]
    if not quarters:
        return picture
    with primitives() as cv2:
        ways = (cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE)
        turned: Pixels = cv2.rotate(picture, ways[quarters - 1])
    return turned
