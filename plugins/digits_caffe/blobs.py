"""Arrays as Caffe's binary files keep them: weights by layer (``.caffemodel``), mean pictures (``.binaryproto``)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_caffe.messages import MessageType, message_class
from digits_core.errors import ModelInvalid, Problem, require

Array = npt.NDArray[np.float32]
#: What protobuf reads at most.
MAX_FILE_BYTES = 2**31 - 1
_HDF5 = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Blobs:
    """The weights of one layer of a file.

    Attributes:
        layer: Its name.
        arrays: Its arrays in Caffe's order.
    """

    layer: str
    arrays: tuple[Array, ...]


class _Unreadable(Exception):
    """A blob contradicts itself; the message says how."""


def read_caffemodel(path: Path) -> dict[str, Blobs]:
    """The weights in ``path`` by the name of their layer, from either syntax; layers without weights are left out.

    Raises:
        ModelInvalid: If it is no whole caffemodel; names every layer whose arrays contradict themselves.
    """
    net = _read(path, "NetParameter", "a caffemodel", "Give the .caffemodel file that Caffe's training wrote.")
    found: dict[str, Blobs] = {}
    problems: list[Problem] = []
    for layer in (*net.layer, *net.layers):
        name = layer.name.decode("utf-8", "replace")
        try:
            arrays = tuple(_array(blob) for blob in layer.blobs)
        except _Unreadable as reason:
            problems.append(Problem(f"{path.name}: {name} {reason}.", str(path), "Fetch the file again."))
            continue
        if arrays:
            found[name] = Blobs(name, arrays)
    require(problems, ModelInvalid)
    if not found:
        hint = "Give the .caffemodel file that Caffe's training wrote."
        raise ModelInvalid(f"{path.name} holds no weights of any layer.", where=str(path), hint=hint)
    return found


def read_mean(path: Path) -> Array:
    """The mean picture in ``path``, ``[C, H, W]`` in BGR order, or ``[C, 1, 1]``.

    Files of numpy (``.npy``), as Caffe's examples use them, are read too.

    Raises:
        ModelInvalid: If it is neither.
    """
    hint = "Give the .binaryproto file that Caffe's compute_image_mean or DIGITS wrote."
    if path.suffix.lower() == ".npy":
        mean = _read_npy(path, hint)
    else:
        try:
            mean = _array(_read(path, "BlobProto", "a mean picture", hint))
        except _Unreadable as reason:
            raise ModelInvalid(f"{path.name} {reason}.", where=str(path), hint=hint) from None
    while mean.ndim > 3 and mean.shape[0] == 1:
        mean = mean[0]
    if mean.ndim == 1:
        mean = mean[:, None, None]
    if mean.ndim != 3 or not np.isfinite(mean).all():
        found = f"shape {list(mean.shape)}" if mean.ndim != 3 else "numbers that are not finite"
        raise ModelInvalid(f"{path.name} expects a picture [C, H, W], found {found}.", where=str(path), hint=hint)
    return mean


def _read_npy(path: Path, hint: str) -> Array:
    try:
        return np.asarray(np.load(path, allow_pickle=False), np.float32)
    except (OSError, ValueError, EOFError) as reason:
        raise ModelInvalid(f"{path.name} is no array of numpy: {reason}.", where=str(path), hint=hint) from None


def _read(path: Path, message: str, what: str, hint: str) -> MessageType:
    from google.protobuf.message import DecodeError

    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ModelInvalid(f"{path.name} has {size:,} bytes, more than {what} can.", where=str(path), hint=hint)
        data = path.read_bytes()
    except OSError as reason:
        why = "Check the path and its permissions."
        raise ModelInvalid(f"{path} cannot be read: {reason.strerror or reason}.", where=str(path), hint=why) from None
    if data.startswith(_HDF5):
        why = "Save it as a binary caffemodel: load it in Caffe and call net.save, or set snapshot_format: BINARYPROTO."
        raise ModelInvalid(f"{path.name} is an HDF5 file, which is not read.", where=str(path), hint=why)
    try:
        return message_class(message).FromString(data)
    except DecodeError:
        found = "it is cut off or another kind of file"
        raise ModelInvalid(f"{path.name} is not {what}: {found}.", where=str(path), hint=hint) from None


def _array(blob: Any) -> Array:
    """The numbers of a blob in its shape; four numbers are the shape in files from before 2015."""
    data, form = (blob.data, "<f4") if blob.data else (blob.double_data, "<f8")
    joined = data[0] if len(data) == 1 else b"".join(data)
    old = (blob.num, blob.channels, blob.height, blob.width)
    shape = tuple(blob.shape.dim) if blob.HasField("shape") else old
    width = np.dtype(form).itemsize
    if min(shape, default=1) < 0 or math.prod(shape) * width != len(joined):
        raise _Unreadable(f"expects {len(joined) / width:g} numbers as shape {list(shape)} says")
    return np.frombuffer(joined, form).reshape(shape).astype(np.float32, copy=False)
