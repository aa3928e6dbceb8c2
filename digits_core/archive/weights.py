"""Arrays in an archive: what a file claims is compared with the network before anything is made of it."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from digits_core.archive.refusal import Refused
from digits_core.contracts.backend import Arrays
from digits_core.graph.graph import Graph

_LENGTH = struct.Struct("<Q")
#: Most bytes of the table of a safetensors file; ten thousand layers need a hundredth of it.
MOST_HEADER_BYTES = 16 * 2**20
_FLOATS = frozenset({"F16", "F32", "F64"})


def read_weights(data: bytes, graph: Graph, name: str) -> Arrays:
    """The weights of ``graph`` in a safetensors file.

    Args:
        data: The file.
        graph: The network; every weight of it has to be there in its shape, and nothing else.
        name: What the file is called.

    Raises:
        Refused: If it holds something else, or numbers that are not finite.
    """
    _check_table(_table(data, name), graph, name)
    try:
        arrays: Arrays = dict(safetensors.numpy.load(data))
    except safetensors.SafetensorError as reason:
        raise Refused(f"{name} is not safetensors: {reason}") from None
    for key, array in arrays.items():
        if not np.isfinite(array).all():
            raise Refused(f"{name}: {key} has numbers that are not finite")
    return arrays


def _table(data: bytes, name: str) -> dict[str, Any]:
    if len(data) < _LENGTH.size + 2 or data[_LENGTH.size : _LENGTH.size + 1] != b"{":
        disguised = data.startswith((b"\x80", b"PK")) and " but a Python pickle, which is never read"
        raise Refused(f"{name} is not safetensors{disguised or ''}")
    (length,) = _LENGTH.unpack_from(data)
    if length > min(MOST_HEADER_BYTES, len(data) - _LENGTH.size):
        raise Refused(f"{name} has a header of {length:,} bytes, which is more than there can be")
    try:
        table = json.loads(data[_LENGTH.size : _LENGTH.size + length])
    except (ValueError, RecursionError) as reason:
        raise Refused(f"{name} has a header that is not JSON: {reason}") from None
    if not isinstance(table, dict) or not all(isinstance(entry, dict) for entry in table.values()):
        raise Refused(f"{name} has a header that is no table")
    return table


def _check_table(table: dict[str, Any], graph: Graph, name: str) -> None:
    if missing := sorted(graph.parameters.keys() - table.keys()):
        raise Refused(f"{name} lacks {_some(missing)}")
    if unknown := sorted(table.keys() - graph.parameters.keys()):
        raise Refused(f"{name} holds {_some(unknown)}, which network {graph.name} does not have")
    for key, parameter in graph.parameters.items():
        entry = table[key]
        if entry.get("dtype") not in _FLOATS or entry.get("shape") != list(parameter.shape):
            found = f"{entry.get('dtype')} {entry.get('shape')}"
            raise Refused(f"{name}: {key} expects F32 {list(parameter.shape)}, found {found}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def read_array(data: bytes, dtype: str, shape: tuple[int, ...], name: str) -> npt.NDArray[Any]:
    """The array in a ``.npy`` file.

    Raises:
        Refused: If it is of another type or shape, or holds pickled objects.
    """
    try:
        with io.BytesIO(data) as file:
            np.lib.format.read_magic(file)
            found, fortran, kind = np.lib.format.read_array_header_1_0(file)
            body = data[file.tell() :]
    except ValueError as reason:
        raise Refused(f"{name} is no numpy file: {reason}") from None
    if kind != np.dtype(dtype) or found != shape or fortran or len(body) != np.dtype(dtype).itemsize * np.prod(shape):
        raise Refused(f"{name} expects {dtype} {list(shape)}, found {kind} {list(found)}")
    return np.frombuffer(body, dtype).reshape(shape)


def npy(array: npt.NDArray[Any]) -> bytes:
    """An array as a ``.npy`` file."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return stream.getvalue()
