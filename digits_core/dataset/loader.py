"""From steps to batches: gather, crop, mix, weigh.

Whatever is random about a row is keyed by its position in the stream, so it does not depend on the batch size, on the
number of processes or on where a run was resumed.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Batch
from digits_core.dataset.draws import Positions, crop_places
from digits_core.dataset.evenly import balanced_weights
from digits_core.dataset.mixing import Shares, mix, partners
from digits_core.dataset.opened import SplitReader
from digits_core.dataset.pictures import Pixels
from digits_core.dataset.sampler import Indices, Sampler
from digits_core.errors import SpecInvalid
from digits_core.spec.targets import TargetOptions

PLAIN = TargetOptions()
#: Class numbers: int32 ``[B]``.
Labels: TypeAlias = npt.NDArray[np.int32]


class TrainLoader:
    """Training batches by step; safe to call from several threads.

    Args:
        reader: The split to train on.
        sampler: Which samples make up which batch.
        crop: Side of a square cut out at a random place; empty takes the whole picture.
        seed: Seed of the job; with a sample's position in the stream it decides whatever is random about the sample.
        rows: Rows of a batch that are wanted; empty: all of them.
        targets: What pictures are mixed with, and how much each class counts.

    Raises:
        SpecInvalid: If the crop is larger than the pictures.
    """

    def __init__(
        self,
        reader: SplitReader,
        sampler: Sampler,
        crop: int | None,
        seed: int,
        rows: range | None = None,
        targets: TargetOptions = PLAIN,
    ) -> None:
        self._rows = range(sampler.batch) if rows is None else rows
        self._reader = reader
        self._sampler = sampler
        self._crop = check_crop(crop, reader)
        self._seed = seed
        self._targets = targets
        self._weights = np.ones(len(self._rows), np.float32)
        self._importance = balanced_weights(reader.labels) if targets.class_weights == "balanced" else None

    def batch(self, step: int) -> Batch:
        """The wanted rows of batch ``step``: images uint8 ``[B, H, W, C]``, all weights 1."""
        first = step * self._sampler.batch
        positions = np.arange(first + self._rows.start, first + self._rows.stop, dtype=np.uint64)
        indices = self._sampler.indices(step)[self._rows.start : self._rows.stop]
        images, labels = self._images(indices, positions), self._reader.labels.take(indices)
        if self._targets.mixes:
            return self._mixed(positions, images, labels)
        importance = None if self._importance is None else self._importance.take(labels)
        return Batch(images, labels, self._weights, importance=importance)

    def _images(self, indices: Indices, positions: Positions) -> Pixels:
        """What samples ``indices`` look like at positions of the stream, each by itself: a new array."""
        images = self._reader.read(indices)
        if self._crop is None:
            return images
        rows, columns = images.shape[1] - self._crop + 1, images.shape[2] - self._crop + 1
        return cut(images, self._crop, *crop_places(self._seed, positions, rows, columns))

    def _mixed(self, positions: Positions, images: Pixels, labels: Labels) -> Batch:
        others = partners(self._seed, positions, self._sampler.count)
        indices = self._sampler.at(others.astype(np.int64))
        second = self._reader.labels.take(indices)
        images, share = mix(self._targets, self._seed, positions, images, self._images(indices, others))
        if self._importance is None:
            return Batch(images, labels, self._weights, second, share)
        # Each of the two losses counts as its own class does: w·share·a + v·(1 − share)·b, with one factor in front.
        own = self._importance.take(labels) * share
        importance: Shares = own + self._importance.take(second) * (1 - share)
        blend: Shares = own / importance
        return Batch(images, labels, self._weights, second, blend, importance)


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
