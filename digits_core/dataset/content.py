"""What a version is to hold, before it is written: which stored pictures, their order, their labels, and their sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from digits_core.dataset.chosen import Chosen
from digits_core.dataset.manifest import ShardFile
from digits_core.dataset.opened import Dataset, SplitReader
from digits_core.dataset.progress import Progress
from digits_core.dataset.sampler import Indices
from digits_core.spec.dataset import SPLITS, Split

_CHUNK = 256


@dataclass(frozen=True, slots=True)
class SplitContent:
    """The pictures of one split.

    Attributes:
        files: Shards, wherever they are, with what is known of each.
        chosen: Which pictures of these files, in order, and their labels.
    """

    files: tuple[tuple[Path, ShardFile], ...]
    chosen: Chosen

    def take(self, places: Indices) -> SplitContent:
        """The pictures at ``places`` alone."""
        rows, labels = self.chosen
        return replace(self, chosen=Chosen(rows[places], labels[places]))

    def labelled(self, labels: npt.NDArray[np.int32]) -> SplitContent:
        """The same pictures with other labels."""
        return replace(self, chosen=Chosen(self.chosen.rows, labels))

    def joined(self, other: SplitContent) -> SplitContent:
        """These pictures, and then those of ``other``."""
        stored = sum(file.samples for _, file in self.files)
        rows = np.concatenate([self.chosen.rows, other.chosen.rows + stored])
        labels = np.concatenate([self.chosen.labels, other.chosen.labels])
        return SplitContent((*self.files, *other.files), Chosen(rows, labels))

    def pruned(self) -> SplitContent:
        """The same without files of which it holds no picture."""
        counts = np.array([file.samples for _, file in self.files], np.int64)
        starts = np.concatenate([[0], np.cumsum(counts)])
        numbers = np.searchsorted(starts, self.chosen.rows, side="right") - 1
        used = np.unique(numbers)
        moved = np.zeros(len(counts), np.int64)
        moved[used] = np.concatenate([[0], np.cumsum(counts[used])])[:-1] - starts[used]
        files = tuple(self.files[number] for number in used.tolist())
        return SplitContent(files, Chosen(self.chosen.rows + moved[numbers], self.chosen.labels))


@dataclass(frozen=True, slots=True)
class Content:
    """What a version holds.

    Attributes:
        labels: Names of the classes.
        splits: The pictures of each split.
        total: Sum of the training pictures, float64 ``[H, W, C]`` of whole numbers.
    """

    labels: tuple[str, ...]
    splits: Mapping[Split, SplitContent]
    total: npt.NDArray[np.float64]

    @classmethod
    def of(cls, dataset: Dataset) -> Content:
        """What a version that is there holds."""
        splits = {split: SplitContent(tuple(dataset.files(split)), dataset.split(split).chosen()) for split in SPLITS}
        # The mean has 24 bits, so that its sum is met exactly up to some ten thousand pictures, and to 1e-5 beyond.
        return cls(
            dataset.manifest.labels, splits, np.rint(dataset.mean * np.float64(len(splits["train"].chosen.rows)))
        )

    def counts(self, split: Split) -> npt.NDArray[np.int64]:
        """Pictures of each class in a split, int64 ``[classes]``."""
        return np.bincount(self.splits[split].chosen.labels, minlength=len(self.labels))

    def subset(self, kept: Mapping[Split, Indices], reader: SplitReader, progress: Progress) -> Content:
        """The pictures at the places ``kept`` of each split alone.

        Args:
            kept: Places in each split, in order.
            reader: The training split, of which fewer than half of the pictures are read to sum them.
            progress: Told how many of these are.
        """
        train = kept["train"]
        gone = np.setdiff1d(np.arange(len(reader)), train)
        fewer = train if len(train) < len(gone) else gone
        part = pixel_total(reader, fewer, progress)
        total = part if fewer is train else self.total - part
        return replace(self, splits={split: self.splits[split].take(kept[split]) for split in SPLITS}, total=total)


def pixel_total(reader: SplitReader, places: Indices, progress: Progress) -> npt.NDArray[np.float64]:
    """Sum of the pictures at ``places`` of a split, float64 ``[H, W, C]``."""
    total = np.zeros(reader.shape, np.uint64)
    for start in range(0, len(places), _CHUNK):
        part = places[start : start + _CHUNK]
        total += reader.read(part).sum(axis=0, dtype=np.uint64)
        progress.advance(len(part))
    return total.astype(np.float64)
