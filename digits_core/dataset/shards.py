"""Shards: Arrow IPC files with one record batch each, written once and memory-mapped ever after.

Columns: ``image`` (fixed-size binary of raw pixels in H, W, C order, or binary of PNG or JPEG), ``label`` int32,
``key`` string, ``hash`` (16 bytes, see ``digest``; shards of early versions have none). One record batch per file makes
the pixels of a raw shard one contiguous block, which numpy sees without a copy.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

from digits_core.dataset.digest import HASH_BYTES, picture_hash
from digits_core.dataset.pictures import Pixels
from digits_core.errors import DatasetUnusable
from digits_core.spec.dataset import Encoding

#: Names of the columns, in order.
COLUMNS = ("image", "label", "key", "hash")


@dataclass(frozen=True, slots=True)
class Shard:
    """An opened shard.

    Attributes:
        labels: int32 ``[N]``.
        keys: Where each picture came from, as Arrow strings.
        pixels: uint8 ``[N, H, W, C]`` over the mapped file; None where pictures are encoded.
        encoded: Arrow binary column of PNG or JPEG files; None where pixels are raw.
        hashes: What tells its pictures apart, uint8 ``[N, 16]``; None where the file does not say.
    """

    labels: npt.NDArray[np.int32]
    keys: Any
    pixels: Pixels | None
    encoded: Any
    hashes: npt.NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def key(self, row: int) -> str:
        """Where picture ``row`` came from."""
        return str(self.keys[row].as_py())

    def picture_hashes(self) -> npt.NDArray[np.uint8]:
        """What tells its pictures apart, uint8 ``[N, 16]``."""
        if self.hashes is not None:
            return self.hashes
        stored = self.encoded if self.pixels is None else self.pixels
        found = b"".join(
            picture_hash(memoryview(picture.as_buffer() if self.pixels is None else picture)) for picture in stored
        )
        return np.frombuffer(found, np.uint8).reshape(-1, HASH_BYTES)

    def decode(self, row: int) -> Pixels:
        """Picture ``row`` of an encoded shard, uint8 ``[H, W, C]``.

        Raises:
            DatasetUnusable: If its bytes are damaged; names the picture.
        """
        try:
            with Image.open(io.BytesIO(self.encoded[row].as_buffer())) as image:
                pixels = np.asarray(image)
        except Exception as reason:  # Damaged files make Pillow's decoders raise nearly anything.
            raise DatasetUnusable(
                f"The stored picture {self.key(row)} (row {row} of its shard) cannot be decoded: {reason}.",
                hint="Create the dataset again.",
            ) from None
        return pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]


def open_shard(path: Path, encoding: Encoding, shape: tuple[int, int, int]) -> Shard:
    """Map a shard into memory; reads labels, leaves pictures on disk.

    Args:
        path: The file.
        encoding: How its pictures are stored.
        shape: Height, width and channels of each.

    Raises:
        DatasetUnusable: If the file is gone or is not such a shard.
    """
    try:
        with pa.memory_map(str(path)) as stream:
            table = pa.ipc.open_file(stream).get_batch(0)
        image, label, keys, *more = (table.column(name) for name in COLUMNS if name in table.schema.names)
        labels = label.to_numpy().astype(np.int32)
        hashes = np.frombuffer(more[0].buffers()[1], np.uint8)[: len(labels) * HASH_BYTES] if more else None
        hashes = None if hashes is None else hashes.reshape(-1, HASH_BYTES)
        if encoding != "raw":
            return Shard(labels, keys, None, image, hashes)
        pixels = np.frombuffer(image.buffers()[1], np.uint8).reshape(-1, *shape)[: len(labels)]
        return Shard(labels, keys, pixels, None, hashes)
    except (OSError, ValueError, KeyError, IndexError, pa.ArrowException) as reason:
        raise DatasetUnusable(
            f"A shard cannot be read: {reason}.", where=str(path), hint="Delete the dataset and create it again."
        ) from None
