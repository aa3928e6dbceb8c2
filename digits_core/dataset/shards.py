"""Shards: Arrow IPC files with one record batch each, written once and memory-mapped ever after.

Columns: ``image`` (fixed-size binary of raw pixels in H, W, C order, or binary of PNG or JPEG), ``label`` int32,
``key`` string. One record batch per file makes the pixels of a raw shard one contiguous block, which numpy sees
without a copy.
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

from digits_core.dataset.pictures import Pixels
from digits_core.errors import DatasetUnusable
from digits_core.spec.dataset import Encoding

#: Names of the columns, in order.
COLUMNS = ("image", "label", "key")


@dataclass(frozen=True, slots=True)
class Shard:
    """An opened shard.

    Attributes:
        labels: int32 ``[N]``.
        keys: Where each picture came from, as Arrow strings.
        pixels: uint8 ``[N, H, W, C]`` over the mapped file; None where pictures are encoded.
        encoded: Arrow binary column of PNG or JPEG files; None where pixels are raw.
    """

    labels: npt.NDArray[np.int32]
    keys: Any
    pixels: Pixels | None
    encoded: Any

    def __len__(self) -> int:
        return len(self.labels)

    def key(self, row: int) -> str:
        """Where picture ``row`` came from."""
        return str(self.keys[row].as_py())

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
        image, label, keys = (table.column(name) for name in COLUMNS)
        labels = label.to_numpy().astype(np.int32)
        if encoding != "raw":
            return Shard(labels, keys, None, image)
        pixels = np.frombuffer(image.buffers()[1], np.uint8).reshape(-1, *shape)[: len(labels)]
        return Shard(labels, keys, pixels, None)
    except (OSError, ValueError, KeyError, IndexError, pa.ArrowException) as reason:
        raise DatasetUnusable(
            f"A shard cannot be read: {reason}.", where=str(path), hint="Delete the dataset and create it again."
        ) from None
