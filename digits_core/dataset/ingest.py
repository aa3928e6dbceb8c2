"""Samples → prepared pictures → shards: the part of creation that takes time.

::

    samples ─ chunks ─┬─ thread: read, decode, resize, encode, hash, sum ─┐
                      ├─ thread: …                                        ├─ in order ─ ShardWriter ─ background: sync
                      └─ thread: …                                        ┘

Whatever costs time per picture happens in the threads; the calling thread only strings chunks together and hands them
to the file while they are in the processor's cache. A chunk is as many pictures as fit 4 MiB; a window of chunks is
all of the raw pictures that is in memory.
"""

from __future__ import annotations

import hashlib
import io
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from digits_core.contracts.dataset_source import DatasetSource
from digits_core.dataset.digest import digested, picture_hash
from digits_core.dataset.manifest import ShardFile
from digits_core.dataset.pictures import PictureUnreadable, Pixels, prepare_picture
from digits_core.dataset.pipeline import map_in_order, usable_cpus
from digits_core.dataset.progress import Progress
from digits_core.dataset.selection import Sample
from digits_core.dataset.shard_writer import Rows, ShardWriter
from digits_core.spec.dataset import DatasetSpec, Split

_CHUNK_BYTES = 4 * 2**20
_CHUNK_PICTURES = 64
# So many times 255 fit 16 bits.
_MOST_SUMMED = 257
JPEG_QUALITY = 90
# Run-length coding of filtered rows: on photographs half the time of zlib's default, and no larger.
_PNG = {"compress_level": 1, "compress_type": zlib.Z_RLE}


class Skipped(NamedTuple):
    """A picture that could not be read, and why."""

    key: str
    reason: str


@dataclass(slots=True)
class Room:
    """Memory that one chunk after the other is prepared in: fresh memory costs as much as writing a picture does.

    Attributes:
        pixels: uint8 ``[chunk, H, W, C]``; holds the pictures of the present chunk until they are written.
        total: Sum of the pictures since it was last collected, uint16 ``[H, W, C]``, in which numpy adds fastest.
        summed: How many pictures that were.
    """

    pixels: Pixels
    total: npt.NDArray[np.uint16]
    summed: int = 0

    def add(self, place: int, pixels: Pixels) -> Pixels:
        """Keep a copy of a picture at ``place`` and in the total."""
        self.total += pixels
        self.summed += 1
        kept: Pixels = self.pixels[place]
        kept[...] = pixels
        return kept

    def collect(self, total: npt.NDArray[np.uint64]) -> None:
        """Move the sum to ``total``."""
        total += self.total
        self.total[...] = 0
        self.summed = 0


class Task(NamedTuple):
    """A chunk of samples and where to prepare it."""

    samples: Sequence[Sample]
    room: Room


@dataclass(frozen=True, slots=True)
class Prepared:
    """A chunk of samples after the threads.

    Attributes:
        rows: What goes into the shard; raw pictures lie in the room.
        room: Where it was prepared.
        skipped: Pictures that could not be read.
    """

    rows: Rows
    room: Room
    skipped: list[Skipped]


@dataclass(slots=True)
class StoredSplit:
    """One split after it was written.

    Attributes:
        files: Its shards.
        counts: Pictures of each class, int64 ``[classes]``.
        total: Sum of the pictures before encoding, uint64 ``[H, W, C]``.
        digest: SHA-256 over labels and picture hashes in order.
        skipped: Pictures that could not be read.
    """

    counts: npt.NDArray[np.int64]
    total: npt.NDArray[np.uint64]
    digest: bytes = b""
    files: tuple[ShardFile, ...] = ()
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def samples(self) -> int:
        """Pictures in the split."""
        return int(self.counts.sum())


class Ingest:
    """Prepares and stores the samples of a dataset.

    Args:
        spec: Size, channels, resize mode and encoding.
        sources: The sources that samples refer to by number.
        classes: How many classes there are.
    """

    def __init__(self, spec: DatasetSpec, sources: Sequence[DatasetSource], classes: int) -> None:
        self._spec = spec
        self._sources = sources
        self._classes = classes
        self._shape = (spec.height, spec.width, spec.channels)
        self._stop = threading.Event()

    def store(self, split: Split, samples: Sequence[Sample], folder: Path, progress: Progress) -> StoredSplit:
        """Write one split into ``folder``; on any exception the threads end before it is passed on."""
        stored = StoredSplit(np.zeros(self._classes, np.int64), np.zeros(self._shape, np.uint64))
        digest = hashlib.sha256()
        threads = usable_cpus()
        size = max(1, min(_CHUNK_PICTURES, _CHUNK_BYTES // int(np.prod(self._shape))))
        free: list[Room] = []
        self._stop.clear()
        with ShardWriter(folder, split, self._spec.encoding, self._shape) as writer:
            tasks = self._tasks(samples, size, free)
            for chunk in map_in_order(self._prepare, tasks, threads=threads, window=threads + 2, stop=self._stop):
                writer.append(chunk.rows)
                digest.update(digested(*chunk.rows.told()))
                stored.counts += np.bincount(chunk.rows.labels, minlength=self._classes)
                if chunk.room.summed + size > _MOST_SUMMED:
                    chunk.room.collect(stored.total)
                free.append(chunk.room)
                stored.skipped += chunk.skipped
                progress.advance(len(chunk.rows.labels) + len(chunk.skipped))
            stored.files = writer.finish()
        for room in free:
            room.collect(stored.total)
        stored.digest = digest.digest()
        return stored

    def hash_of(self, sample: Sample) -> bytes | None:
        """The hash that the picture of ``sample`` would be stored with; none for a picture that cannot be read."""
        try:
            pixels = self._picture(sample)
        except (OSError, PictureUnreadable):
            return None
        return picture_hash(self._stored(np.ascontiguousarray(pixels)))

    def _tasks(self, samples: Sequence[Sample], size: int, free: list[Room]) -> Iterator[Task]:
        for start in range(0, len(samples), size):
            room = free.pop() if free else self._room(size)
            yield Task(samples[start : start + size], room)

    def _room(self, size: int) -> Room:
        return Room(np.empty((size, *self._shape), np.uint8), np.zeros(self._shape, np.uint16))

    def _prepare(self, task: Task) -> Prepared:
        rows = Rows([], [], [], [])
        skipped: list[Skipped] = []
        for sample in task.samples:
            if self._stop.is_set():
                break
            try:
                pixels = task.room.add(len(rows.labels), self._picture(sample))
            except (OSError, PictureUnreadable) as reason:
                skipped.append(Skipped(sample.key, _why(reason)))
                continue
            picture = self._stored(pixels)
            rows.add(picture, sample, picture_hash(picture))
        return Prepared(rows, task.room, skipped)

    def _picture(self, sample: Sample) -> Pixels:
        spec = self._spec
        picture = self._sources[sample.source].read(sample.key)
        return prepare_picture(
            picture, width=spec.width, height=spec.height, channels=spec.channels, resize=spec.resize
        )

    def _stored(self, pixels: Pixels) -> memoryview | bytes:
        return pixels.data if self._spec.encoding == "raw" else self._encode(pixels)

    def _encode(self, pixels: Pixels) -> bytes:
        image = Image.fromarray(pixels[:, :, 0] if self._spec.channels == 1 else pixels)
        stream = io.BytesIO()
        if self._spec.encoding == "png":
            image.save(stream, "PNG", **_PNG)
        else:
            image.save(stream, "JPEG", quality=JPEG_QUALITY)
        return stream.getvalue()


def _why(reason: Exception) -> str:
    return reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
