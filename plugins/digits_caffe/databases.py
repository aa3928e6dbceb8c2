"""LMDB databases of Caffe's datums, the way Caffe and DIGITS kept pictures.

A datum is raw pixels ``[C, H, W]`` in BGR order, or an encoded picture, and a label number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from digits_caffe.environment import DAMAGED, FILE, Environment, is_database, open_environment
from digits_caffe.messages import message_class
from digits_core.contracts.dataset_source import DatasetSource, Item, Picture, SourceOptions
from digits_core.errors import Problem, SourceInvalid, require
from digits_core.spec.dataset import Split

_LABELS = "labels.txt"
#: Folders of a dataset of DIGITS, and the splits they are.
DIGITS_FOLDERS: dict[str, Split] = {"train_db": "train", "val_db": "val", "test_db": "test"}
#: More labels that are out of range are not listed one by one.
MAX_PROBLEMS = 20


class LmdbSource(DatasetSource):
    """One database, or a folder with ``train_db``, ``val_db`` and ``test_db`` as DIGITS keeps them.

    Line i of the labels file names label i: the one of the request, else ``labels.txt`` beside the databases; without
    one, classes are called by their numbers.

    Args:
        path: The folder of the database (or its ``data.mdb``), or the folder of a dataset of DIGITS.
        options: ``labels``; where the request names a share for validation, all pictures are divided anew.
    """

    name: ClassVar[str] = "lmdb"
    stays_within: ClassVar[bool] = True

    def __init__(self, path: Path, options: SourceOptions) -> None:
        path = path.parent if path.name == FILE else path
        self._path, self._boundary = path, options.boundary
        self._folders = {name: path / name for name in DIGITS_FOLDERS if is_database(path / name)} or {"": path}
        self._divided = options.val_given
        self._labels_path = options.labels or _labels_beside(path, "" in self._folders)
        self._databases: dict[str, Environment] = {}
        self._odd_keys: dict[str, bytes] = {}
        self._names: list[str] = []

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether ``path`` is an LMDB database or a folder of those that DIGITS makes."""
        return is_database(path) or path.name == FILE or any(is_database(path / name) for name in DIGITS_FOLDERS)

    def itemize(self) -> Sequence[Item]:
        """Every picture in the order of the keys; keys begin with the folder's name where there are several.

        Raises:
            SourceInvalid: If a database is damaged or holds something else, or a label has no name; names all.
        """
        for file in (*(folder / FILE for folder in self._folders.values()), self._labels_path):
            if file is not None:
                self._boundary.require(file)
        self._databases = {name: open_environment(folder) for name, folder in self._folders.items()}
        numbered = [
            (key, label, DIGITS_FOLDERS.get(name))
            for name, database in self._databases.items()
            for key, label in self._labels(name, database)
        ]
        self._names, names = _class_names(self._labels_path, sorted({label for _, label, _ in numbered}))
        wrong = [f"{key}: label {label}" for key, label, _ in numbered if label not in names]
        if wrong:
            more = f" and {len(wrong) - MAX_PROBLEMS} more" if len(wrong) > MAX_PROBLEMS else ""
            raise SourceInvalid(
                f"Labels expect 0 to {len(names) - 1}, as many as {self._labels_path} has lines; found "
                f"{', '.join(wrong[:MAX_PROBLEMS])}{more}.",
                where=str(self._path),
                hint="Give the labels file that belongs to the database, with --labels.",
            )
        return [Item(key, names[label], self._split(split)) for key, label, split in numbered]

    def read(self, key: str) -> Picture:
        """The encoded picture, or its pixels ``[H, W]`` or ``[H, W, 3]`` in RGB order.

        Raises:
            OSError: If the datum is gone, or its pixels are not what its size says.
        """
        name, _, inner = key.partition("/") if len(self._databases) > 1 or "" not in self._databases else ("", "", key)
        value = self._databases[name].get(self._odd_keys.get(key, inner.encode()))
        if value is None:
            raise OSError(f"{key} is no longer in the database")
        return _picture(_datum(value, key))

    def class_names(self) -> Sequence[str]:
        """The order of the labels file, else of the numbers."""
        return self._names

    def _labels(self, name: str, database: Environment) -> Iterator[tuple[str, int]]:
        for raw, value in database.entries():
            text = raw.decode("utf-8", "backslashreplace")
            key = f"{name}/{text}" if name else text
            if text.encode() != raw:
                self._odd_keys[key] = raw
            try:
                yield key, _datum(value, key).label
            except OSError as reason:
                raise SourceInvalid(f"{reason}.", where=str(self._path), hint=DAMAGED) from None

    def _split(self, split: Split | None) -> Split | None:
        """Validation pictures test where the request makes validation pictures of its own."""
        return "test" if split == "val" and self._divided else split


def _labels_beside(path: Path, single: bool) -> Path | None:
    beside = (path.parent if single and path.name in DIGITS_FOLDERS else path) / _LABELS
    return beside if beside.is_file() else None


def _datum(value: bytes, key: str) -> Any:
    from google.protobuf.message import DecodeError

    try:
        return message_class("Datum").FromString(value)
    except DecodeError:
        raise OSError(f"{key} is no datum of Caffe") from None


def _picture(datum: Any) -> Picture:
    if datum.encoded:
        return bytes(datum.data)
    shape = (datum.channels, datum.height, datum.width)
    if not datum.data:
        raise OSError("the datum has no pixels of 8 bits; numbers of floating point are not read")
    if datum.channels not in (1, 3) or min(shape) < 1 or datum.channels * datum.height * datum.width != len(datum.data):
        raise OSError(
            f"the datum has {len(datum.data)} bytes, expected 1 or 3 channels as its shape {list(shape)} says"
        )
    pixels = np.frombuffer(datum.data, np.uint8).reshape(shape)
    return np.ascontiguousarray(pixels[::-1].transpose(1, 2, 0)) if datum.channels == 3 else pixels[0]


def _class_names(labels: Path | None, found: Sequence[int]) -> tuple[list[str], dict[int, str]]:
    """The classes in order, and the name of each number."""
    if labels is None:
        names = {number: str(number) for number in found}
        return list(names.values()), names
    try:
        lines = [line.strip() for line in labels.read_text(encoding="utf-8-sig").rstrip().splitlines()]
    except (OSError, UnicodeDecodeError) as reason:
        raise SourceInvalid(f"{labels} cannot be read: {reason}.", where=str(labels)) from None
    first: dict[str, int] = {}
    problems = []
    for number, name in enumerate(lines):
        if not name or first.setdefault(name, number) != number:
            message = f"Label {number} expects a name of its own, found {name!r}."
            problems.append(Problem(message, f"{labels}, line {number + 1}", "Give every label a name of its own."))
    require(problems[:MAX_PROBLEMS], SourceInvalid)
    return lines, dict(enumerate(lines))
