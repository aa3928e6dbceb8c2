"""IDX files, as MNIST, Fashion-MNIST and EMNIST come: ``train-*`` trains, ``t10k-*`` validates (or tests).

A big-endian header (0, 0, type, dimensions, then each size as uint32), then unsigned bytes; plain or gzip.
Format: LeCun, Cortes, Burges, *The MNIST database*, http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar, cast

import numpy as np
import numpy.typing as npt

from digits_core.contracts.dataset_source import DatasetSource, Item, Picture, SourceOptions
from digits_core.errors import Problem, SourceInvalid, require
from digits_core.spec.dataset import Split

_UNSIGNED_BYTE = 0x08
_SETS = ("train", "t10k")
# Deflate's best ratio; a header that claims more is wrong, and memory need not be taken to find out.
_GZIP_AT_MOST = 1032


class IdxSource(DatasetSource):
    """A folder of IDX files.

    The ``t10k`` files become the validation split; where the request names validation pictures of its own, they become
    the test split.

    Args:
        path: The folder.
        options: ``val_given`` says whether the request names validation pictures.
    """

    name: ClassVar[str] = "idx"
    stays_within: ClassVar[bool] = True

    def __init__(self, path: Path, options: SourceOptions) -> None:
        self._path, self._boundary = path, options.boundary
        self._splits: dict[str, Split] = {"train": "train", "t10k": "test" if options.val_given else "val"}
        self._images: dict[str, npt.NDArray[np.uint8]] = {}

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether ``path`` is a folder with ``train-images`` or ``t10k-images`` in it."""
        return path.is_dir() and any(_find(path, part, "images", 3) for part in _SETS)

    def itemize(self) -> Sequence[Item]:
        """Every picture in the order of the files; keys are ``train/17``, classes are ``0`` to ``255``.

        Raises:
            SourceInvalid: If a file is missing, torn or not IDX, or pictures and labels differ in number; names all.
        """
        problems: list[Problem] = []
        items: list[Item] = []
        for part in _SETS:
            images, labels = _find(self._path, part, "images", 3), _find(self._path, part, "labels", 1)
            if images is None and labels is None:
                continue
            try:
                items += self._items(part, _needed(images, self._path, part, "images"), labels)
            except SourceInvalid as refused:
                problems += refused.problems
        require(problems, SourceInvalid)
        if not items:
            raise SourceInvalid(
                f"{self._path} has no IDX pictures, expected train-images-idx3-ubyte or t10k-images-idx3-ubyte.",
                where=str(self._path),
                hint="Give the folder that holds the files, plain or with .gz.",
            )
        return items

    def read(self, key: str) -> Picture:
        """Pixels uint8 ``[H, W]`` of picture ``key``."""
        part, _, number = key.partition("/")
        pixels: npt.NDArray[np.uint8] = self._images[part][int(number)]
        return pixels

    def class_names(self) -> Sequence[str]:
        """``0`` to ``255``; classes without pictures fall away."""
        return [str(label) for label in range(256)]

    def _items(self, part: str, images_path: Path, labels_path: Path | None) -> list[Item]:
        images = _read_idx(self._boundary.require(images_path), 3)
        labels_path = _needed(labels_path, self._path, part, "labels")
        labels = _read_idx(self._boundary.require(labels_path), 1)
        if len(images) != len(labels):
            raise SourceInvalid(
                f"{labels_path.name} expects one label for each of {len(images)} pictures, found {len(labels)}.",
                where=str(labels_path),
                hint="Fetch both files again; they do not belong together.",
            )
        self._images[part] = images
        names, split = self.class_names(), self._splits[part]
        return [Item(f"{part}/{number}", names[label], split) for number, label in enumerate(labels.tolist())]


@dataclass(frozen=True, slots=True)
class _Torn(Exception):
    reason: str


def _find(folder: Path, part: str, what: str, dimensions: int) -> Path | None:
    for mark in "-.":
        for ending in ("", ".gz"):
            path = folder / f"{part}-{what}{mark}idx{dimensions}-ubyte{ending}"
            if path.is_file():
                return path
    return None


def _needed(path: Path | None, folder: Path, part: str, what: str) -> Path:
    if path is None:
        raise SourceInvalid(
            f"{folder} lacks the {part}-{what} file of IDX.",
            where=str(folder),
            hint="Put pictures and labels into one folder.",
        )
    return path


def _read_idx(path: Path, dimensions: int) -> npt.NDArray[np.uint8]:
    try:
        # A gzip file is told by its first bytes: some servers unpack it and keep the name.
        with open(path, "rb") as plain:
            zipped = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            stream = cast(IO[bytes], gzip.GzipFile(fileobj=plain)) if zipped else plain
            return _parse(stream, dimensions, path.stat().st_size * (_GZIP_AT_MOST if zipped else 1))
    except (_Torn, EOFError, OSError, zlib.error) as reason:
        found = reason.reason if isinstance(reason, _Torn) else str(reason)
        raise SourceInvalid(
            f"{path.name} is not a whole IDX file: {found}.", where=str(path), hint="Fetch the file again."
        ) from None


def _parse(stream: IO[bytes], dimensions: int, most: int) -> npt.NDArray[np.uint8]:
    header = stream.read(4 + 4 * dimensions)
    magic = bytes((0, 0, _UNSIGNED_BYTE, dimensions))
    if header[:4] != magic:
        raise _Torn(f"expected magic number {magic.hex()}, found {header[:4].hex() or 'nothing'}")
    if len(header) < 4 + 4 * dimensions:
        raise _Torn("the header is cut off")
    shape = tuple(np.frombuffer(header, ">u4", offset=4).tolist())
    size = math.prod(shape)
    if size > most:
        raise _Torn(f"expected {size} bytes for shape {shape}, found {most} at most")
    data = stream.read(size)
    if len(data) != size:
        raise _Torn(f"expected {size} bytes for shape {shape}, found {len(data)}")
    if stream.read(1):
        raise _Torn(f"expected {size} bytes for shape {shape}, found more")
    return np.frombuffer(data, np.uint8).reshape(shape)
