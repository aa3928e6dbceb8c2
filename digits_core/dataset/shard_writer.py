"""Writing shards: pixels go to disk as they come, encoded pictures shard by shard, and both in the background."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from digits_core.dataset.digest import HASH_BYTES
from digits_core.dataset.manifest import ShardFile
from digits_core.dataset.selection import Sample
from digits_core.dataset.shards import COLUMNS
from digits_core.spec.dataset import Encoding, Split

#: Most bytes of encoded pictures in one shard (one chunk at least); two such shards are in memory.
SHARD_BYTES = 64 * 2**20
#: Most bytes of raw pixels in one shard (one chunk at least). Nothing of them stays in memory, and a split of small
#: pictures in one shard is read fastest.
RAW_SHARD_BYTES = 2**30
# Dirty pages are brought to disk this often, so that the end does not wait for all of them.
_SYNC_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Rows:
    """A chunk of pictures on its way into a shard.

    Attributes:
        pictures: Each as it is stored: the memory of its pixels, or an encoded file.
        labels: Their class numbers.
        keys: Where they came from.
        hashes: What tells them apart, see `digits_core.dataset.digest`.
    """

    pictures: list[memoryview | bytes]
    labels: list[int]
    keys: list[str]
    hashes: list[bytes]

    @property
    def size_bytes(self) -> int:
        """Bytes of the pictures as they are stored."""
        return sum(picture.nbytes if isinstance(picture, memoryview) else len(picture) for picture in self.pictures)

    def add(self, picture: memoryview | bytes, sample: Sample, hash: bytes) -> None:
        """Add a picture at the end."""
        self.pictures.append(picture)
        self.labels.append(sample.label)
        self.keys.append(sample.key)
        self.hashes.append(hash)

    def told(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        """Labels, int32 ``[N]``, and hashes, uint8 ``[N, 16]``."""
        return np.array(self.labels, np.int32), np.frombuffer(b"".join(self.hashes), np.uint8).reshape(-1, HASH_BYTES)

    def tell(self, rows: Rows) -> None:
        """Add what is known of the pictures of ``rows``, without the pictures."""
        self.labels.extend(rows.labels)
        self.keys.extend(rows.keys)
        self.hashes.extend(rows.hashes)


class _OpenShard(Protocol):
    """A shard that takes pictures."""

    size_bytes: int

    def append(self, rows: Rows) -> None:
        """Add pictures at the end."""

    def finish(self) -> ShardFile:
        """Write what is left and sync; called in the background."""

    def close(self) -> None:
        """Let go of the file, finished or not."""


class _RawShard:
    """Writes pixels at once, and the rest of the Arrow file around them when their number is known.

    Args:
        path: The file.
        width_bytes: Bytes of one picture.
        background: One thread that syncs.
    """

    def __init__(self, path: Path, width_bytes: int, background: ThreadPoolExecutor) -> None:
        self._path = path
        self._width = width_bytes
        self._background = background
        self._stream = open(path, "wb")
        self._stream.seek(_first_pixel(width_bytes))
        self._synced: Future[None] | None = None
        self._unsynced = 0
        self._told = Rows([], [], [], [])
        self.size_bytes = 0

    def append(self, rows: Rows) -> None:
        self._stream.writelines(rows.pictures)
        self._told.tell(rows)
        self.size_bytes += rows.size_bytes
        self._unsynced += rows.size_bytes
        if self._unsynced > _SYNC_BYTES:
            self._sync()

    def finish(self) -> ShardFile:
        self._await_sync()
        # Address space only: these bytes are in the file already, and nobody looks at them.
        present = pa.py_buffer(np.empty(self.size_bytes, np.uint8))
        batch = _batch(_pixel_column(present, self._width), self._told)
        self._stream.seek(0)
        with pa.ipc.new_file(pa.PythonFile(_Around(self._stream, present), mode="w"), batch.schema) as writer:
            writer.write_batch(batch)
        return _synced(self._stream, self._path, len(self._told.labels))

    def close(self) -> None:
        self._stream.close()

    def _sync(self) -> None:
        self._await_sync()  # A disk slower than the pictures sets the pace.
        self._synced = self._background.submit(os.fsync, self._stream.fileno())
        self._unsynced = 0

    def _await_sync(self) -> None:
        # The kernel reports a failed write to one sync only, so that every one of them counts.
        if self._synced is not None:
            self._synced.result()


class _EncodedShard:
    """Keeps pictures until they are all there, since Arrow wants their sizes first.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pictures: list[memoryview | bytes] = []
        self._told = Rows([], [], [], [])
        self.size_bytes = 0

    def append(self, rows: Rows) -> None:
        self._pictures += rows.pictures
        self._told.tell(rows)
        self.size_bytes += rows.size_bytes

    def finish(self) -> ShardFile:
        column = pa.array(self._pictures, pa.binary())
        self._pictures.clear()  # Arrow has copied them; a second shard's worth of memory would linger.
        batch = _batch(column, self._told)
        with open(self._path, "wb") as stream:
            with pa.ipc.new_file(stream, batch.schema) as writer:
                writer.write_batch(batch)
            return _synced(stream, self._path, len(self._told.labels))

    def close(self) -> None:
        self._pictures.clear()


class ShardWriter:
    """Writes one split, shard by shard; a context that waits for its thread.

    Args:
        folder: Folder of the version.
        split: Name of the split, which names the files.
        encoding: How pictures are stored.
        shape: Height, width and channels.
    """

    def __init__(self, folder: Path, split: Split, encoding: Encoding, shape: tuple[int, int, int]) -> None:
        self._folder = folder
        self._split = split
        self._raw = encoding == "raw"
        self._width = int(np.prod(shape))
        self._background = ThreadPoolExecutor(1, thread_name_prefix="digits-write")
        self._shard: _OpenShard | None = None
        self._finishing: list[tuple[_OpenShard, Future[ShardFile]]] = []
        self._files: list[ShardFile] = []

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, reason: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._background.shutdown(cancel_futures=True)
        for shard in (self._shard, *(shard for shard, _ in self._finishing)):
            if shard is not None:
                shard.close()

    def append(self, rows: Rows) -> None:
        """Add pictures, which stay together in one shard."""
        if not rows.labels:
            return
        most = RAW_SHARD_BYTES if self._raw else SHARD_BYTES
        if self._shard is not None and self._shard.size_bytes + rows.size_bytes > most:
            self._turn()
        if self._shard is None:
            self._shard = self._open()
        self._shard.append(rows)

    def finish(self) -> tuple[ShardFile, ...]:
        """Write what is left, wait for the disk, and say what was written."""
        self._turn()
        self._settle()
        return tuple(self._files)

    def _open(self) -> _OpenShard:
        path = self._folder / f"{self._split}-{len(self._files) + len(self._finishing):05d}.arrow"
        return _RawShard(path, self._width, self._background) if self._raw else _EncodedShard(path)

    def _turn(self) -> None:
        self._settle()  # At most one full shard waits for the disk.
        if self._shard is not None:
            self._finishing.append((self._shard, self._background.submit(self._shard.finish)))
            self._shard = None

    def _settle(self) -> None:
        while self._finishing:
            shard, file = self._finishing[0]
            self._files.append(file.result())
            shard.close()
            del self._finishing[0]


class _Around:
    """Where Arrow writes to; bytes that are in the file already are passed over.

    Args:
        stream: The file.
        present: The buffer that stands for them.
    """

    closed = False

    def __init__(self, stream: BinaryIO, present: Any) -> None:
        self._stream = stream
        self._present = present

    def write(self, data: Any) -> None:
        if isinstance(data, pa.Buffer) and data.address == self._present.address:
            self._stream.seek(data.size, os.SEEK_CUR)
        else:
            self._stream.write(data)

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        """The file stays open for its owner."""


def _first_pixel(width_bytes: int) -> int:
    """Where the pixels begin in a raw shard, which does not depend on how many there are."""
    one = _batch(_pixel_column(pa.py_buffer(bytes(width_bytes)), width_bytes), Rows([], [0], [""], [bytes(HASH_BYTES)]))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, one.schema) as writer:
        writer.write_batch(one)
    file = sink.getvalue()
    return int(pa.ipc.open_file(file).get_batch(0).column(0).buffers()[1].address - file.address)


def _pixel_column(pixels: Any, width_bytes: int) -> Any:
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width_bytes), pixels.size // width_bytes, [None, pixels])


def _batch(images: Any, rows: Rows) -> Any:
    # File names need not be Unicode; reports must be.
    readable = [key.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for key in rows.keys]
    hashes = pa.array(rows.hashes, pa.binary(HASH_BYTES))
    columns = [images, pa.array(rows.labels, pa.int32()), pa.array(readable, pa.string()), hashes]
    return pa.record_batch(columns, names=list(COLUMNS))


def _synced(stream: BinaryIO, path: Path, samples: int) -> ShardFile:
    stream.flush()
    os.fsync(stream.fileno())
    return ShardFile(file=path.name, samples=samples, size_bytes=stream.tell())
