"""A dataset that exists: its manifest, mean picture and splits, read through memory maps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from digits_core.dataset.chosen import Chosen, read_chosen
from digits_core.dataset.digest import HASH_BYTES
from digits_core.dataset.manifest import DatasetManifest, ShardFile, read_manifest, version_names
from digits_core.dataset.pictures import Pixels
from digits_core.dataset.pipeline import in_parts, usable_cpus
from digits_core.dataset.sampler import Indices
from digits_core.dataset.shards import Shard, open_shard
from digits_core.errors import DatasetUnusable, NameUnknown, Problem, require, suggest
from digits_core.spec.dataset import SPLITS, Split

MEAN = "mean.npy"
_REMEDY = "Delete the dataset and create it again."
# Where copying a picture twice is cheaper than a turn of a Python loop, measured for pictures of 1 to 200 KB ...
_SMALL_BYTES = 8 * 2**10
# ... and the pictures per shard from which one call for all of a shard's pictures pays.
_WORTHWHILE = 8


class SplitReader:
    """The samples of one split by index; safe to call from several threads.

    Args:
        shards: The opened files, in order.
        shape: Height, width and channels of every picture.
        chosen: Which of their pictures it holds; empty: all of them, in order.

    Attributes:
        labels: int32 ``[N]``; the class number of every sample.
        shape: Height, width and channels of every picture.
    """

    def __init__(self, shards: Sequence[Shard], shape: tuple[int, int, int], chosen: Chosen | None = None) -> None:
        self._shards = tuple(shards)
        self._starts = np.cumsum([0, *(len(shard) for shard in shards)])
        self.shape = shape
        # One raw shard is the common case of small pictures, where every microsecond counts.
        self._whole = self._shards[0].pixels if len(self._shards) == 1 else None
        stored = np.concatenate([np.empty(0, np.int32), *(shard.labels for shard in shards)])
        self._rows = None if chosen is None else chosen.rows
        self.labels: npt.NDArray[np.int32] = stored if chosen is None else chosen.labels

    def __len__(self) -> int:
        return len(self.labels)

    def key(self, index: int) -> str:
        """Where sample ``index`` came from, as its source calls it."""
        numbers, rows = self._places(np.array([index]))
        shard: Shard = self._shards[int(numbers[0])]
        return shard.key(int(rows[0]))

    def keys(self) -> Any:
        """Where every sample came from, as Arrow strings."""
        joined = pa.concat_arrays([pa.array([], pa.string()), *(shard.keys for shard in self._shards)])
        return joined if self._rows is None else joined.take(pa.array(self._rows))

    def hashes(self) -> npt.NDArray[np.uint8]:
        """What tells the pictures of the samples apart, uint8 ``[N, 16]``; see `digits_core.dataset.digest`."""
        parts = [np.empty((0, HASH_BYTES), np.uint8), *(shard.picture_hashes() for shard in self._shards)]
        joined = np.concatenate(parts)
        return joined if self._rows is None else joined.take(self._rows, axis=0)

    def hash(self, index: int) -> str:
        """What tells the picture of sample ``index`` from others, in hexadecimal."""
        numbers, rows = self._places(np.array([index]))
        shard: Shard = self._shards[int(numbers[0])]
        found: bytes = shard.picture_hashes()[int(rows[0])].tobytes()
        return found.hex()

    def chosen(self) -> Chosen:
        """Which pictures of its files it holds, and their labels."""
        return Chosen(np.arange(len(self.labels)) if self._rows is None else self._rows, self.labels)

    def read(self, indices: Indices) -> Pixels:
        """Gather pictures: int64 ``[B]`` to uint8 ``[B, H, W, C]``, a copy.

        Raises:
            IndexError: If an index is outside of the split.
        """
        if self._whole is not None:
            rows = indices if self._rows is None else self._rows.take(indices)
            return self._whole.take(rows, axis=0)
        numbers, rows = self._places(indices)
        result = np.empty((len(indices), *self.shape), np.uint8)
        small = self.is_small and len(indices) >= _WORTHWHILE * len(self._shards)
        if self.encoded:
            _decode(self._shards, numbers, rows, result)
        elif small:
            _gather_by_shard(self._shards, numbers, rows, result)
        else:
            _gather_one_by_one(self._shards, numbers, rows, result)
        return result

    def pictures(self, indices: Indices) -> Iterator[Pixels]:
        """The pictures one after the other, uint8 ``[H, W, C]``: views of the file where they are raw.

        Raises:
            IndexError: If an index is outside of the split.
        """
        for number, row in zip(*(places.tolist() for places in self._places(indices)), strict=True):
            shard = self._shards[number]
            yield shard.decode(row) if shard.pixels is None else shard.pixels[row]

    @property
    def is_small(self) -> bool:
        """Whether pictures are so small that a turn of a Python loop for each costs more than copying all twice."""
        return math.prod(self.shape) <= _SMALL_BYTES

    @property
    def encoded(self) -> bool:
        """Whether pictures have to be decoded."""
        return bool(self._shards) and self._shards[0].pixels is None

    def _places(self, indices: Indices) -> tuple[Indices, Indices]:
        """Number of the shard and row in it."""
        if len(indices) and not 0 <= indices.min() <= indices.max() < len(self.labels):
            raise IndexError(f"samples {indices.min()} to {indices.max()} of {len(self.labels)}")
        rows = indices if self._rows is None else self._rows[indices]
        numbers = np.searchsorted(self._starts, rows, side="right") - 1
        return numbers, rows - self._starts[numbers]


class Dataset:
    """One version of a dataset, ready to read.

    Args:
        folder: Folder of the dataset.
        manifest: What it holds.
    """

    def __init__(self, folder: Path, manifest: DatasetManifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self._version = folder / manifest.version

    @cached_property
    def mean(self) -> npt.NDArray[np.float32]:
        """Mean training picture, float32 ``[H, W, C]``.

        Raises:
            DatasetUnusable: If the file is damaged.
        """
        path = self._version / MEAN
        try:
            mean: npt.NDArray[np.float32] = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as reason:
            raise DatasetUnusable(
                f"The mean picture cannot be read: {reason}.", where=str(path), hint=_REMEDY
            ) from None
        if mean.shape != self.manifest.size or mean.dtype != np.float32:
            found = f"{mean.dtype} {mean.shape}"
            raise DatasetUnusable(
                f"The mean picture expects float32 {self.manifest.size}, found {found}.", where=str(path), hint=_REMEDY
            )
        return mean

    def files(self, split: Split) -> list[tuple[Path, ShardFile]]:
        """The shards of a split, in order; some may lie in the folders of earlier versions."""
        shards = self.manifest.shards.get(split, ())
        return [(self.folder / (shard.version or self.manifest.version) / shard.file, shard) for shard in shards]

    def split(self, name: Split) -> SplitReader:
        """The samples of split ``name``; it may be empty.

        Raises:
            NameUnknown: If there is no such split.
            DatasetUnusable: If a shard is damaged.
        """
        if name not in SPLITS:
            raise NameUnknown(f"Unknown split {name!r}.", hint=suggest(name, SPLITS))
        size, encoding = self.manifest.size, self.manifest.encoding
        shards = [open_shard(path, encoding, size) for path, _ in self.files(name)]
        listed = self.manifest.rows.get(name)
        reader = SplitReader(shards, size, None if listed is None else read_chosen(self._version / listed.file, shards))
        if len(reader) != self.manifest.splits.get(name, 0):
            raise DatasetUnusable(
                f"Split {name} expects {self.manifest.splits.get(name, 0)} pictures, found {len(reader)}.",
                where=str(self._version),
                hint=_REMEDY,
            )
        return reader


def open_dataset(folder: Path, version: str | None = None) -> Dataset:
    """Open the dataset in ``folder`` after checking that every file is there in full size.

    Args:
        folder: Folder of the dataset.
        version: The version that is wanted; empty: the newest.

    Raises:
        DatasetUnusable: With everything that is missing or damaged, and what to do.
    """
    if version is not None and version not in (there := version_names(folder)) and there:
        raise DatasetUnusable(
            f"Dataset {folder.name} expects version {version}, found {', '.join(there)}.",
            where=str(folder),
            hint="Bring that version back, or start a new job on the newest one.",
        )
    manifest = read_manifest(folder, version)
    opened = Dataset(folder, manifest)
    require(_damages(opened), DatasetUnusable)
    return opened


def _damages(opened: Dataset) -> list[Problem]:
    manifest = opened.manifest
    own = opened.folder / manifest.version
    expected: dict[Path, int | None] = {path: file.size_bytes for split in SPLITS for path, file in opened.files(split)}
    expected |= {own / listed.file: listed.size_bytes for listed in manifest.rows.values()}
    problems = []
    for path, size_bytes in {**expected, own / MEAN: None}.items():
        name = path.name
        if not path.is_file():
            problems.append(Problem(f"Dataset {manifest.name} lacks the file {name}.", str(path), _REMEDY))
        elif size_bytes is not None and path.stat().st_size != size_bytes:
            found = f"expects {size_bytes} bytes, found {path.stat().st_size}"
            problems.append(Problem(f"Dataset {manifest.name}, file {name} {found}.", str(path), _REMEDY))
    return problems


def _gather_by_shard(shards: Sequence[Shard], numbers: Indices, rows: Indices, result: Pixels) -> None:
    for number in np.flatnonzero(np.bincount(numbers)).tolist():
        pixels = shards[number].pixels
        assert pixels is not None
        here = np.flatnonzero(numbers == number)
        result[here] = pixels.take(rows[here], axis=0)


def _gather_one_by_one(shards: Sequence[Shard], numbers: Indices, rows: Indices, result: Pixels) -> None:
    pixels = [shard.pixels for shard in shards]
    for position, (number, row) in enumerate(zip(numbers.tolist(), rows.tolist(), strict=True)):
        result[position] = pixels[number][row]


def _decode(shards: Sequence[Shard], numbers: Indices, rows: Indices, result: Pixels) -> None:
    def decode_part(part: range) -> None:
        for position in part:
            result[position] = shards[numbers[position]].decode(int(rows[position]))

    in_parts(decode_part, len(rows), usable_cpus())
