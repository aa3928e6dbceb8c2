"""Pictures that are in two splits, as the same bytes or nearly the same pixels; scores on these flatter a model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from digits_core.dataset.opened import SplitReader
from digits_core.dataset.pictures import Pixels
from digits_core.dataset.progress import Progress
from digits_core.inference.mining.embeddings import Embeddings
from digits_core.inference.mining.neighbours import nearest

#: Cosine of embeddings from which pixels are compared: models find much alike that is not the same.
CANDIDATE = 0.9
#: So many of the nearest are compared.
CANDIDATES = 3
#: Correlation of pixels from which two pictures count as the same.
ALIKE = 0.99
_SIDE = 32
_FLAT = 2.0


class Pair(NamedTuple):
    """A picture that is in two splits.

    Attributes:
        first: Its place in the first split.
        second: Its place in the second.
        likeness: Correlation of their pixels, at most 1.
        identical: Whether they are stored as the same bytes.
    """

    first: int
    second: int
    likeness: float
    identical: bool


def duplicates(
    first: tuple[SplitReader, Embeddings],
    second: tuple[SplitReader, Embeddings],
    progress: Progress,
    alike: float = ALIKE,
) -> list[Pair]:
    """Pictures of the second split that are in the first too, the most alike first.

    A picture with the same hash is the same; else those whose embeddings are nearest are compared with it, as it is and
    mirrored, at a size of 32 pixels.

    Args:
        first: A split, and the embeddings of its pictures.
        second: Another split; each of its pictures is looked for.
        progress: Told how many of these are done.
        alike: Correlation of pixels from which two count as the same.
    """
    pairs = _identical(first[0], second[0])
    done = {pair.second for pair in pairs}
    found = nearest(first[1], second[1], CANDIDATES, progress)
    for place in np.flatnonzero(found.similarity[:, 0] >= CANDIDATE).tolist():
        if place in done:
            continue
        others = found.places[place][found.similarity[place] >= CANDIDATE]
        picture = second[0].read(np.array([place]))[0]
        likeness = [_likeness(other, picture) for other in first[0].read(others)]
        if max(likeness) >= alike:
            best = int(np.argmax(likeness))
            pairs.append(Pair(int(others[best]), place, likeness[best], identical=False))
    return sorted(pairs, key=lambda pair: (not pair.identical, -pair.likeness, pair.second))


def _likeness(one: Pixels, two: Pixels) -> float:
    return max(correlation(one, two), correlation(one, two[:, ::-1]))


def correlation(one: Pixels, two: Pixels) -> float:
    """Pearson's correlation of two pictures ``[H, W, C]`` at a size of 32 pixels at most, from -1 to 1.

    Pictures without contrast have none; they are alike where their levels are.
    """
    first, second = _small(one), _small(two)
    a, b = first - first.mean(), second - second.mean()
    contrast = np.sqrt((a * a).mean() * (b * b).mean())
    if min(a.std(), b.std()) < _FLAT:
        return 1.0 if np.abs(first - second).max() <= _FLAT else 0.0
    return float((a * b).mean() / contrast)


def _small(picture: Pixels) -> npt.NDArray[np.float64]:
    image = Image.fromarray(np.ascontiguousarray(picture[:, :, 0] if picture.shape[2] == 1 else picture))
    size = min(_SIDE, image.width), min(_SIDE, image.height)
    return np.asarray(image.resize(size, Image.Resampling.BOX), np.float64)


def _identical(first: SplitReader, second: SplitReader) -> list[Pair]:
    places = {hash.tobytes(): place for place, hash in reversed(list(enumerate(first.hashes())))}
    matches = ((places.get(hash.tobytes()), place) for place, hash in enumerate(second.hashes()))
    return [Pair(other, place, 1.0, identical=True) for other, place in matches if other is not None]
