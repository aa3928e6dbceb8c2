"""What a model took each picture of a split for, kept as one small array beside the scores."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.disk import write_file
from digits_core.errors import ModelInvalid

#: The model's number of the class, -1 where nobody looked; and how sure it was.
ROW = np.dtype([("taken", "<i4"), ("probability", "<f4")])


class Guesses:
    """Gathers first guesses, batch by batch.

    Args:
        count: Pictures of the split.
        classes: Classes that have a name; outputs beyond them are never guessed.
    """

    def __init__(self, count: int, classes: int) -> None:
        self.rows: npt.NDArray[Any] = np.zeros(count, ROW)
        self.rows["taken"] = -1
        self._classes = classes

    def add(self, numbers: npt.NDArray[np.int64], logits: npt.NDArray[np.floating[Any]]) -> None:
        """Take a batch in.

        Args:
            numbers: Which pictures they are, ``[B]``.
            logits: ``[B, ≥ classes]``.
        """
        if not len(numbers):
            return
        wide = logits.astype(np.float64)
        known, top = wide[:, : self._classes], wide.max(axis=1)
        self.rows["taken"][numbers] = known.argmax(axis=1)
        sums = np.exp(wide - top[:, None]).sum(axis=1)
        self.rows["probability"][numbers] = np.exp(known.max(axis=1) - top) / sums

    def write(self, path: Path) -> None:
        """Keep them."""
        stream = io.BytesIO()
        np.save(stream, self.rows, allow_pickle=False)
        write_file(path, stream.getvalue())


def read_guesses(path: Path, count: int) -> npt.NDArray[Any]:
    """What was kept, a `ROW` for each of ``count`` pictures.

    Raises:
        ModelInvalid: If it is something else.
    """
    try:
        rows: npt.NDArray[Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as reason:
        raise ModelInvalid(f"{path.name} cannot be read: {reason}.", where=str(path), hint="Evaluate again.") from None
    if rows.dtype != ROW or rows.shape != (count,):
        message = f"{path.name} expects {count} guesses, found {rows.shape} of {rows.dtype}."
        raise ModelInvalid(message, where=str(path), hint="Evaluate again.")
    return rows
