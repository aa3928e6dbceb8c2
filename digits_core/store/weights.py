"""Files of weights: safetensors with a digest that says whether they are whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from digits_core.errors import DigitsError

if TYPE_CHECKING:
    from digits_core.contracts.backend import Arrays

#: Makes the error for a damaged file from its path and what is wrong with it.
Damaged: TypeAlias = Callable[[Path, str], DigitsError]


def write_weights(path: Path, arrays: Arrays) -> str:
    """Write ``arrays`` and return the SHA-256 of the file."""
    # Imported where weights are: what only says what a job is, is read without numpy.
    import numpy as np
    import safetensors.numpy

    data = safetensors.numpy.save({name: np.require(array, requirements="C") for name, array in arrays.items()})
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def read_weights(path: Path, digest: str, damaged: Damaged) -> Arrays:
    """The arrays of a file.

    Args:
        path: The file.
        digest: The SHA-256 that it must have.
        damaged: Makes the error where it has another, is missing or is not safetensors.
    """
    import safetensors.numpy

    try:
        data = path.read_bytes()
    except OSError as reason:
        raise damaged(path, f"cannot be read: {reason.strerror}") from None
    found = hashlib.sha256(data).hexdigest()
    if found != digest:
        raise damaged(path, f"expects SHA-256 {digest[:12] or '(none)'}…, found {found[:12]}…")
    try:
        return dict(safetensors.numpy.load(data))
    except safetensors.SafetensorError as reason:
        raise damaged(path, f"is not safetensors: {reason}") from None
