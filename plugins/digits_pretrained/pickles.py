"""Files that PyTorch saved, read without PyTorch and without running what they hold.

A pickle is a small program. This one may build numbers, texts, plain containers and tensors; whatever else it asks for
is refused by name before it exists. Two forms are read: a zip archive (PyTorch 1.6 and later) with ``data.pkl`` and one
file of raw numbers per storage, and the stream of pickles with the numbers after them that came before.
"""

from __future__ import annotations

import io
import math
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.errors import ModelInvalid

Tensor: TypeAlias = npt.NDArray[Any]

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
#: A pickle of names and shapes; more than this is no state dict.
MOST_PICKLED_BYTES = 64 << 20
#: How often the numbers of a file may be used, as tied weights use them twice.
MOST_SHARED = 4
#: Kinds of storages by the class that a pickle names; bfloat16 is the upper half of fp32, numpy has no word for it.
STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
_SAVE = "Save the weights alone, torch.save(model.state_dict(), …), or better as safetensors."


@dataclass(frozen=True, slots=True)
class Storage:
    """A run of numbers, somewhere in the file.

    Attributes:
        key: Its name in the file.
        kind: Type of its numbers, as in `STORAGES`.
        count: How many numbers.
    """

    key: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class View:
    """A tensor as a view of a storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, numbers: Tensor) -> Tensor:
        """The tensor, of the storage's numbers."""
        strides = tuple(stride * numbers.itemsize for stride in self.strides)
        return np.array(np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, strides), order="C")


class _Rebuild:
    """Makes a `View` as ``torch._utils._rebuild_tensor_v2`` makes a tensor; a pickle can change nothing in it."""

    __slots__ = ()

    def __call__(self, storage: Any, offset: Any, size: Any, stride: Any, *rest: Any) -> View:
        numbers = (offset, *size, *stride)
        whole = isinstance(storage, Storage) and all(type(number) is int and number >= 0 for number in numbers)
        if not whole or len(size) != len(stride):
            raise pickle.UnpicklingError("a tensor that is described otherwise than PyTorch does")
        last = offset + sum((count - 1) * step for count, step in zip(size, stride, strict=True))
        # A stride of 0 could make a small file a huge tensor.
        if math.prod(size) > storage.count or (math.prod(size) and last >= storage.count):
            raise pickle.UnpicklingError("a tensor that is larger than its storage")
        return View(storage, offset, tuple(size), tuple(stride))


class _Same:
    """Gives its first argument: a parameter is its tensor, a size is its tuple."""

    __slots__ = ()

    def __call__(self, value: Any = (), *rest: Any) -> Any:
        return value


def _known() -> dict[tuple[str, str], Any]:
    kinds: dict[tuple[str, str], Any] = {("torch", name): kind for name, kind in STORAGES.items()}
    return kinds | {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _Rebuild(),
        ("torch._utils", "_rebuild_parameter"): _Same(),
        ("torch", "Size"): _Same(),
    }


class _Reader(pickle.Unpickler):
    """Understands tensors and plain containers, and refuses everything else by name."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream)
        self.storages: dict[str, Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        found = _known().get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return found

    def persistent_load(self, pid: Any) -> Storage:
        if not (isinstance(pid, tuple) and len(pid) >= 5 and pid[0] == "storage" and pid[1] in STORAGES.values()):
            raise pickle.UnpicklingError("it asks for something that is no storage of numbers")
        key, count = pid[2], pid[4]
        if not isinstance(key, str) or type(count) is not int or count < 0:
            raise pickle.UnpicklingError("a storage that is described otherwise than PyTorch does")
        storage = Storage(key, pid[1], count)
        if self.storages.setdefault(key, storage) != storage:
            raise pickle.UnpicklingError(f"storage {key} is described twice")
        return storage


def read_pickled(path: Path) -> Any:
    """What a file of PyTorch holds: plain containers with numpy arrays where it has tensors.

    Raises:
        ModelInvalid: If it is no such file, is damaged, or asks for anything but tensors and plain containers.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return _read_zip(archive)
        with open(path, "rb") as stream:
            return _read_stream(stream)
    except OSError as reason:
        raise ModelInvalid(f"{path.name} cannot be read: {reason.strerror}.", hint="Check the file.") from None
    except Exception as reason:
        # A pickle can make the unpickler fail in any way there is; each of them means the same.
        said = str(reason) if isinstance(reason, pickle.UnpicklingError) else f"{type(reason).__name__}: {reason}"
        message = f"{path.name} expects tensors and plain containers as PyTorch saves them, found: {said}."
        raise ModelInvalid(message, where=str(path), hint=_SAVE) from None


def _read_zip(archive: zipfile.ZipFile) -> Any:
    folder = next((name[: -len("data.pkl")] for name in archive.namelist() if name.endswith("/data.pkl")), None)
    if folder is None:
        raise pickle.UnpicklingError("a zip archive without data.pkl")
    if f"{folder}byteorder" in archive.namelist() and archive.read(f"{folder}byteorder") != b"little":
        raise pickle.UnpicklingError("numbers in big-endian order")
    reader = _Reader(io.BytesIO(_stored(archive, f"{folder}data.pkl", MOST_PICKLED_BYTES)))
    found = reader.load()
    size = Path(archive.filename or "").stat().st_size
    _require_bounded(found, reader.storages, size)
    numbers = {}
    for key, storage in reader.storages.items():
        numbers[key] = _numbers(_stored(archive, f"{folder}data/{key}", storage.count * _width(storage)), storage)
    return _filled(found, numbers)


def _stored(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A file of the archive; PyTorch never compresses, so that one which is can only be a bomb."""
    entry = archive.getinfo(name)
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > most:
        raise pickle.UnpicklingError(f"{name} is compressed or larger than it says")
    return archive.read(name)


def _read_stream(stream: IO[bytes]) -> Any:
    if _Reader(stream).load() != MAGIC or _Reader(stream).load() != PROTOCOL:
        raise pickle.UnpicklingError("it does not begin as a file of PyTorch does")
    _Reader(stream).load()  # the machine that wrote it
    reader = _Reader(stream)
    found = reader.load()
    _require_bounded(found, reader.storages, os.fstat(stream.fileno()).st_size)
    numbers = {}
    for key in _Reader(stream).load():
        storage, count = reader.storages[key], int.from_bytes(stream.read(8), "little")
        if count != storage.count:
            raise pickle.UnpicklingError(f"storage {key} has {count} numbers, expected {storage.count}")
        numbers[key] = _numbers(stream.read(count * _width(storage)), storage)
    return _filled(found, numbers)


def _require_bounded(found: Any, storages: dict[str, Storage], size: int) -> None:
    """Refuse what would take more memory than a file of that size can mean.

    Raises:
        pickle.UnpicklingError: If the storages are larger than the file, or tensors share them too often.
    """
    there = sum(storage.count * _width(storage) for storage in storages.values())
    wanted = sum(math.prod(view.shape) * _width(view.storage) for view in _views(found))
    if there > size or wanted > MOST_SHARED * there:
        raise pickle.UnpicklingError("more numbers than it has room for")


def _views(found: Any) -> Iterator[View]:
    if isinstance(found, dict):
        for value in found.values():
            yield from _views(value)
    elif isinstance(found, View):
        yield found


def _width(storage: Storage) -> int:
    return 2 if storage.kind == "bfloat16" else np.dtype(storage.kind).itemsize


def _numbers(data: bytes, storage: Storage) -> Tensor:
    if len(data) != storage.count * _width(storage):
        raise pickle.UnpicklingError(f"storage {storage.key} is cut off")
    return decode(data, storage.kind)


def decode(data: bytes, kind: str) -> Tensor:
    """Raw numbers of a kind as an array; bfloat16 as fp32."""
    if kind != "bfloat16":
        return np.frombuffer(data, kind)
    return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)


def _filled(found: Any, numbers: dict[str, Tensor]) -> Any:
    """``found`` with arrays in place of views."""
    if isinstance(found, dict):
        return {key: _filled(value, numbers) for key, value in found.items()}
    return found.of(numbers[found.storage.key]) if isinstance(found, View) else found
