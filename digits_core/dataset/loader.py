"""From steps to batches: gather, crop, weigh.

Crops are keyed by the sample's position in the stream, so they do not depend on the batch size, on the number of
processes or on where a run was resumed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Batch
from digits_core.dataset.opened import SplitReader
from digits_core.dataset.pictures import Pixels
from digits_core.dataset.sampler import Indices, Sampler
from digits_core.errors import SpecInvalid

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class TrainLoader:
    """Training batches by step; safe to call from several threads.

    Args:
        reader: The split to train on.
        sampler: Which samples make up which batch.
        crop: Side of a square cut out at a random place; empty takes the whole picture.
        seed: Seed of the job; with a sample's position in the stream it decides the place.
        rows: Rows of a batch that are wanted; empty: all of them.

    Raises:
        SpecInvalid: If the crop is larger than the pictures.
    """

    def __init__(
        self, reader: SplitReader, sampler: Sampler, crop: int | None, seed: int, rows: range | None = None
    ) -> None:
        self._rows = range(sampler.batch) if rows is None else rows
        self._reader = reader
        self._sampler = sampler
        self._crop = check_crop(crop, reader)
        self._seed = seed
        self._weights = np.ones(len(self._rows), np.float32)

    def batch(self, step: int) -> Batch:
        """The wanted rows of batch ``step``: images uint8 ``[B, H, W, C]``, all weights 1."""
        indices = self._sampler.indices(step)[self._rows.start : self._rows.stop]
        images = self._reader.read(indices)
        if self._crop is not None:
            first = step * self._sampler.batch + self._rows.start
            images = cut(images, self._crop, *self._places(first, images.shape))
        return Batch(images, self._reader.labels.take(indices), self._weights)

    def _places(self, first: int, shape: tuple[int, ...]) -> tuple[Indices, Indices]:
        assert self._crop is not None
        positions = np.arange(first, first + shape[0], dtype=np.uint64)
        return crop_places(self._seed, positions, shape[1] - self._crop + 1, shape[2] - self._crop + 1)


class EvaluationLoader:
    """Every sample exactly once, in order; the ragged last batch is filled up with weight 0.

    Args:
        reader: The split to evaluate.
        batch: Samples per batch.
        crop: Side of the square cut out of the middle; empty takes the whole picture.
        rows: Rows of a batch that are wanted; empty: all of them.

    Raises:
        SpecInvalid: If the crop is larger than the pictures.
    """

    def __init__(self, reader: SplitReader, batch: int, crop: int | None, rows: range | None = None) -> None:
        self._rows = np.arange(batch) if rows is None else np.arange(rows.start, rows.stop)
        self._reader = reader
        self._batch = batch
        self._crop = check_crop(crop, reader)

    def __len__(self) -> int:
        return -(-len(self._reader) // self._batch)

    def batch(self, index: int) -> Batch:
        """The wanted rows of batch ``index``: images uint8 ``[B, H, W, C]``; padding repeats the last picture."""
        count = len(self._reader)
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        positions = index * self._batch + self._rows
        indices = np.minimum(positions, count - 1)
        images = self._reader.read(indices)
        if self._crop is not None:
            images = cut_middle(images, self._crop)
        return Batch(images, self._reader.labels.take(indices), (positions < count).astype(np.float32))


def check_crop(crop: int | None, reader: SplitReader) -> int | None:
    """``crop``, if pictures of ``reader`` are at least as large."""
    height, width, _ = reader.shape
    if crop is not None and not 1 <= crop <= min(height, width):
        raise SpecInvalid(
            f"The crop expects a side of 1 to {min(height, width)}, found {crop}; pictures are {width}x{height}.",
            where="data.crop",
            hint="Make the crop smaller or the dataset's pictures larger.",
        )
    return crop


def cut_middle(images: Pixels, crop: int) -> Pixels:
    """The central square: ``[B, H, W, C]`` to ``[B, crop, crop, C]``."""
    top, left = (images.shape[1] - crop) // 2, (images.shape[2] - crop) // 2
    return np.ascontiguousarray(images[:, top : top + crop, left : left + crop])


def cut(images: Pixels, crop: int, tops: Indices, lefts: Indices) -> Pixels:
    """A square of every picture, each at its own place."""
    result = np.empty((len(images), crop, crop, images.shape[3]), np.uint8)
    for row, (top, left) in enumerate(zip(tops.tolist(), lefts.tolist(), strict=True)):
        result[row] = images[row, top : top + crop, left : left + crop]
    return result


def crop_places(seed: int, positions: npt.NDArray[np.uint64], rows: int, columns: int) -> tuple[Indices, Indices]:
    """Where the crops of stream ``positions`` begin, uniform over ``rows`` × ``columns`` places.

    Per position one 64-bit draw of SplitMix64, its state ``mix(seed) + (position + 1)·golden``; the high half decides
    the row, the low half the column. Steele, Lea, Flood, *Fast splittable pseudorandom number generators*, 2014,
    https://doi.org/10.1145/2660193.2660195.
    """
    bits = _mix(_mix(np.array([seed], np.uint64)) + (positions + np.uint64(1)) * _GOLDEN)
    high, low = bits >> np.uint64(32), bits & np.uint64(0xFFFFFFFF)
    scale = np.uint64(32)
    return (
        ((high * np.uint64(rows)) >> scale).astype(np.int64),
        ((low * np.uint64(columns)) >> scale).astype(np.int64),
    )


def _mix(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
