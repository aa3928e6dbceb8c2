"""Samples → prepared pictures → shards: the part of creation that takes time.

::

    samples ─ chunks ─┬─ thread: read, decode, resize, encode, hash, sum ─┐
                      ├─ thread: …                                        ├─ in order ─ ShardWriter ─ background: sync
                      └─ thread: …                                        ┘

Whatever costs time per picture happens in the threads; the calling thread only strings chunks together and hands them
to the file while they are in the processor's cache. A chunk is as many pictures as fit a MiB; a window of chunks is
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
import xxhash
from PIL import Image

from digits_core.contracts.dataset_source import DatasetSource
from digits_core.dataset.manifest import ShardFile
from digits_core.dataset.pictures import PictureUnreadable, Pixels, prepare_picture
from digits_core.dataset.pipeline import map_in_order, usable_cpus
from digits_core.dataset.progress import Progress
from digits_core.dataset.selection import Sample
from digits_core.dataset.shard_writer import Rows, ShardWriter
from digits_core.spec.dataset import DatasetSpec, Split

_CHUNK_BYTES = 2**20
_CHUNK_PICTURES = 64
JPEG_QUALITY = 90
# Run-length coding of filtered rows: on photographs half the time of zlib's default, and no larger.
_PNG = {"compress_level": 1, "compress_type": zlib.Z_RLE}


class Skipped(NamedTuple):
    """A picture that could not be read, and why."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A chunk of samples after the threads.

    Attributes:
        rows: What goes into the shard.
        hashes: Label, 4 bytes, and XXH3 of the stored picture, 16 bytes, of each, joined.
        total: Sum of the pictures, uint16 ``[H, W, C]``.
        skipped: Pictures that could not be read.
    """

    rows: Rows
    hashes: bytes
    total: npt.NDArray[np.uint16]
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
        self._stop.clear()
        with ShardWriter(folder, split, self._spec.encoding, self._shape) as writer:
            tasks = self._chunks(samples)
            for chunk in map_in_order(self._prepare, tasks, threads=threads, window=threads + 2, stop=self._stop):
                writer.append(chunk.rows)
                digest.update(chunk.hashes)
                stored.counts += np.bincount(chunk.rows.labels, minlength=self._classes)
                stored.total += chunk.total
                stored.skipped += chunk.skipped
                progress.advance(len(chunk.rows.labels) + len(chunk.skipped))
            stored.files = writer.finish()
        stored.digest = digest.digest()
        return stored

    def _chunks(self, samples: Sequence[Sample]) -> Iterator[Sequence[Sample]]:
        size = max(1, min(_CHUNK_PICTURES, _CHUNK_BYTES // int(np.prod(self._shape))))
        for start in range(0, len(samples), size):
            yield samples[start : start + size]

    def _prepare(self, samples: Sequence[Sample]) -> Prepared:
        rows = Rows([], [], [])
        hashes: list[bytes] = []
        skipped: list[Skipped] = []
        # 64 times 255 fits 16 bits, in which numpy adds fastest.
        total = np.zeros(self._shape, np.uint16)
        for sample in samples:
            if self._stop.is_set():
                break
            try:
                pixels = self._picture(sample)
            except (OSError, PictureUnreadable) as reason:
                skipped.append(Skipped(sample.key, _why(reason)))
                continue
            total += pixels
            picture = pixels.data if self._spec.encoding == "raw" else self._encode(pixels)
            hashes.append(sample.label.to_bytes(4, "little") + xxhash.xxh3_128_digest(picture))
            rows.add(picture, sample)
        return Prepared(rows, b"".join(hashes), total, skipped)

    def _picture(self, sample: Sample) -> Pixels:
        spec = self._spec
        picture = self._sources[sample.source].read(sample.key)
        return prepare_picture(
            picture, width=spec.width, height=spec.height, channels=spec.channels, resize=spec.resize
        )

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
