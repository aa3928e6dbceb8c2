"""Writing shards: while one is being filled by threads, the one before it goes to disk."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
import pyarrow as pa

from digits_core.dataset.manifest import ShardFile
from digits_core.dataset.pictures import Pixels
from digits_core.dataset.shards import COLUMNS
from digits_core.spec.dataset import Encoding, Split

#: Most bytes of pictures in one shard (one picture at least).
SHARD_BYTES = 64 * 2**20


class Filling:
    """A shard that is being filled.

    Args:
        pixels: Memory for its raw pictures, uint8 ``[most, H, W, C]``; None where pictures are encoded.
    """

    def __init__(self, pixels: Pixels | None = None) -> None:
        self.pixels = pixels
        self.encoded: list[bytes] = []
        self.size_bytes = 0
        self.labels: list[int] = []
        self.keys: list[str] = []

    def extend(self, rows: Rows) -> None:
        """Add pictures at the end."""
        if self.pixels is not None:
            start, stop = len(self.labels), len(self.labels) + len(rows.labels)
            if rows.room.start != start:  # Skipped pictures left a gap.
                self.pixels[start:stop] = rows.room.pixels[: stop - start]
        self.encoded += rows.encoded
        self.size_bytes += rows.size_bytes
        self.labels += rows.labels
        self.keys += rows.keys

    def images(self) -> Any:
        """The image column; encoded pictures are handed over to it."""
        if self.pixels is None:
            column = pa.array(self.encoded, pa.binary())
            self.encoded.clear()  # Arrow has copied them; a second shard's worth of memory would linger.
            return column
        pixels = self.pixels[: len(self.labels)]
        width = pixels[0].nbytes
        return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(pixels), [None, pa.py_buffer(pixels)])


@dataclass(frozen=True, slots=True)
class Room:
    """Memory for some pictures, which threads fill from the front.

    Attributes:
        pixels: uint8 ``[n, H, W, C]``; content undefined at first.
        filling: The shard whose memory it is; None where pictures are encoded.
        start: Its first row in that shard.
    """

    pixels: Pixels
    filling: Filling | None = None
    start: int = 0


@dataclass(frozen=True, slots=True)
class Rows:
    """Pictures on their way into a shard.

    Attributes:
        room: Where they were prepared; its first ``len(labels)`` pictures count.
        encoded: The same pictures encoded; empty where they are stored raw.
        labels: Their class numbers.
        keys: Where they came from.
    """

    room: Room
    encoded: list[bytes]
    labels: list[int]
    keys: list[str]

    @property
    def size_bytes(self) -> int:
        """Bytes of the encoded pictures."""
        return sum(map(len, self.encoded))


class ShardWriter:
    """Writes one split, shard by shard, while the next shard is being filled.

    Raw pixels are prepared where they will be written from: `room` hands out consecutive parts of one shard's memory,
    `append` takes them back in the same order.

    Args:
        folder: Folder of the version.
        split: Name of the split, which names the files.
        encoding: How pictures are stored.
        shape: Height, width and channels.
        background: One thread that writes and syncs.
    """

    def __init__(
        self,
        folder: Path,
        split: Split,
        encoding: Encoding,
        shape: tuple[int, int, int],
        background: ThreadPoolExecutor,
    ) -> None:
        self._folder = folder
        self._split = split
        self._raw = encoding == "raw"
        self._shape = shape
        self._background = background
        self._files: list[Future[ShardFile]] = []
        self._spare: SimpleQueue[Pixels] = SimpleQueue()
        self._room = Room(np.empty((0, *shape), np.uint8))
        self._filling = Filling()

    def room(self, count: int) -> Room:
        """Memory for the next ``count`` pictures."""
        if not self._raw:
            return Room(np.empty((count, *self._shape), np.uint8))
        filling, start = self._room.filling, self._room.start + len(self._room.pixels)
        if filling is None or filling.pixels is None or start + count > len(filling.pixels):
            filling, start = Filling(self._memory(count)), 0
        assert filling.pixels is not None
        self._room = Room(filling.pixels[start : start + count], filling, start)
        return self._room

    def append(self, rows: Rows) -> None:
        """Add pictures, which stay together in one shard."""
        if self._raw and rows.room.filling is not None and rows.room.filling is not self._filling:
            self._turn(rows.room.filling)
        elif self._filling.size_bytes + rows.size_bytes > SHARD_BYTES:
            self._turn(Filling())
        self._filling.extend(rows)

    def close(self) -> tuple[ShardFile, ...]:
        """Write what is left, wait for the disk, and say what was written."""
        self._turn(Filling())
        return tuple(file.result() for file in self._files)

    def _memory(self, least: int) -> Pixels:
        # Fresh memory costs the kernel as much as a picture's share of writing; that of written shards is used again.
        try:
            return self._spare.get_nowait()
        except Empty:
            return np.empty((max(least, SHARD_BYTES // int(np.prod(self._shape))), *self._shape), np.uint8)

    def _turn(self, filling: Filling) -> None:
        if self._filling.labels:
            if self._files:
                self._files[-1].result()  # At most one full shard waits for the disk.
            path = self._folder / f"{self._split}-{len(self._files):05d}.arrow"
            self._files.append(self._background.submit(self._write, path, self._filling))
        self._filling = filling

    def _write(self, path: Path, filling: Filling) -> ShardFile:
        file = _write_shard(path, filling)
        if filling.pixels is not None:
            self._spare.put(filling.pixels)
        return file


def _write_shard(path: Path, filling: Filling) -> ShardFile:
    # File names need not be Unicode; reports must be.
    keys = [key.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for key in filling.keys]
    columns = [filling.images(), pa.array(filling.labels, pa.int32()), pa.array(keys, pa.string())]
    batch = pa.record_batch(columns, names=list(COLUMNS))
    with open(path, "wb") as stream:
        with pa.ipc.new_file(stream, batch.schema) as writer:
            writer.write_batch(batch)
        # Here, in the background, the disk works while the next shard is decoded.
        stream.flush()
        os.fsync(stream.fileno())
        return ShardFile(file=path.name, samples=len(keys), size_bytes=stream.tell())
