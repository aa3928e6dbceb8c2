"""Which pictures of its files a split holds, where those are not all of them in order: a small Arrow file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from digits_core.dataset.manifest import ShardFile
from digits_core.dataset.shards import Shard
from digits_core.errors import DatasetUnusable


class Chosen(NamedTuple):
    """Pictures of a split in order.

    Attributes:
        rows: Where each is in the files of the split, taken one after the other: int64 ``[N]``.
        labels: Its class number, int32 ``[N]``.
    """

    rows: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int32]


def write_chosen(path: Path, chosen: Chosen) -> ShardFile:
    """Put ``chosen`` at ``path``, and say what was written."""
    columns = [pa.array(chosen.rows, pa.int64()), pa.array(chosen.labels, pa.int32())]
    batch = pa.record_batch(columns, names=list(Chosen._fields))
    with pa.OSFile(str(path), "wb") as stream, pa.ipc.new_file(stream, batch.schema) as writer:
        writer.write_batch(batch)
    return ShardFile(file=path.name, samples=len(chosen.rows), size_bytes=path.stat().st_size)


def read_chosen(path: Path, shards: Sequence[Shard]) -> Chosen:
    """What `write_chosen` put at ``path``.

    Args:
        path: The file.
        shards: The files that its rows are of.

    Raises:
        DatasetUnusable: If it is gone, damaged, or names rows that there are not.
    """
    stored = sum(map(len, shards))
    try:
        with pa.memory_map(str(path)) as stream:
            table = pa.ipc.open_file(stream).get_batch(0)
        rows, labels = (table.column(name).to_numpy() for name in Chosen._fields)
        if len(rows) and not 0 <= rows.min() <= rows.max() < stored:
            raise ValueError(f"rows {rows.min()} to {rows.max()} of {stored}")
        return Chosen(rows.astype(np.int64, copy=False), labels.astype(np.int32, copy=False))
    except (OSError, ValueError, KeyError, IndexError, pa.ArrowException) as reason:
        raise DatasetUnusable(
            f"The pictures of a split cannot be read: {reason}.",
            where=str(path),
            hint="Delete the dataset and create it again.",
        ) from None
