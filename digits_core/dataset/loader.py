"""From steps to batches: gather, crop and augment, mix, weigh.

What chance decides of a picture is keyed by its position in the stream, so it does not depend on the batch size, on the
number of processes or threads, or on where a run was resumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Batch
from digits_core.dataset.augment.plugins import Extra
from digits_core.dataset.augment.recipe import Recipe
from digits_core.dataset.draws import Positions
from digits_core.dataset.evenly import balanced_weights
from digits_core.dataset.mixing import Shares, mix, partners
from digits_core.dataset.opened import SplitReader
from digits_core.dataset.pictures import Pixels, cut_middle
from digits_core.dataset.pipeline import in_parts, usable_cpus
from digits_core.dataset.sampler import Indices, Sampler
from digits_core.errors import SpecInvalid
from digits_core.spec.augment import NO_AUGMENTATION, Augmentation
from digits_core.spec.targets import TargetOptions

#: From how many bytes a batch is worked on by several threads.
_SHARED_BYTES = 2**18
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
        augment: What else chance does to a picture.
        extras: Augmentations of plugins.
        targets: What pictures are mixed with, and how much each class counts.

    Raises:
        SpecInvalid: If the crop is larger than the pictures.
        PluginMissing: If OpenCV is needed and not installed.
    """

    def __init__(
        self,
        reader: SplitReader,
        sampler: Sampler,
        crop: int | None,
        seed: int,
        rows: range | None = None,
        augment: Augmentation = NO_AUGMENTATION,
        extras: Sequence[Extra] = (),
        targets: TargetOptions = PLAIN,
    ) -> None:
        self._rows = range(sampler.batch) if rows is None else rows
        self._reader = reader
        self._sampler = sampler
        self._recipe = Recipe(augment, check_crop(crop, reader), reader.shape, seed, extras)
        self._seed, self._targets = seed, targets
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
        recipe = self._recipe
        if recipe.is_plain:
            return self._reader.read(indices)
        if recipe.is_move and self._reader.is_small:
            return recipe.move(self._reader.read(indices), positions)
        chances = list(recipe.draw(positions))
        images = np.empty((len(indices), *recipe.shape), np.uint8)

        def make(part: range) -> None:
            for row, picture in zip(part, self._reader.pictures(indices[part.start : part.stop]), strict=True):
                images[row] = recipe.make(picture, chances[row])

        shared = self._reader.encoded or images.nbytes >= _SHARED_BYTES
        in_parts(make, len(indices), usable_cpus() if shared else 1)
        return images

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
            images = cut_middle(images, self._crop, self._crop)
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
