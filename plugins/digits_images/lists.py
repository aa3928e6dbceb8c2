"""Lists: text files of ``path label`` lines, or CSV files with the columns path and label."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

from digits_core.contracts.boundary import Boundary
from digits_core.contracts.dataset_source import DatasetSource, Item, Picture, SourceOptions
from digits_core.contracts.picture_file import read_picture_file
from digits_core.errors import Problem, SourceInvalid, require

_TEXT_ENDINGS = frozenset({".txt", ".lst", ".list", ".tsv"})
_HEADERS = ({"path", "image", "file", "filename"}, {"label", "class"})
#: A list that is wrong from end to end is not printed from end to end.
MAX_PROBLEMS = 50


class ListSource(DatasetSource):
    """A text or CSV file of picture paths and labels.

    In text files the label is the last word, or what follows the last tab; so paths may hold spaces. CSV files
    (``.csv``) may have a header ``path,label``. Labels are class names; with a labels file also integers, where line i
    (from 0) names label i. Integers without a labels file are class names in numeric order. Relative paths start from
    the prefix, else from the list's own folder. A listed picture that is missing is skipped like an unreadable one.

    Args:
        path: The list.
        options: ``labels`` and ``prefix``.
    """

    name: ClassVar[str] = "list"
    stays_within: ClassVar[bool] = True

    def __init__(self, path: Path, options: SourceOptions) -> None:
        self._path = path
        self._labels_path, self._boundary = options.labels, options.boundary
        self._folder = str(options.prefix or path.parent)
        self._classes: list[str] | None = None

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether ``path`` is a file with the ending of a list."""
        return path.is_file() and path.suffix.lower() in _TEXT_ENDINGS | {".csv"}

    def itemize(self) -> Sequence[Item]:
        """Every line in order; the key is the path as it is written.

        Raises:
            SourceInvalid: With the first `MAX_PROBLEMS` lines that are wrong, each with its number.
        """
        if not self._path.is_file():
            raise SourceInvalid(f"{self._path} is not a file.", hint="Give a list of paths and labels.")
        names = _read_labels(self._labels_path) if self._labels_path else None
        reading = _Reading(self._path, names, _Reach(self._folder, self._boundary))
        items = [item for entry in _entries(self._path) if (item := reading.item(entry)) is not None]
        require(reading.shown(), SourceInvalid)
        if not items:
            raise SourceInvalid(
                f"{self._path} lists no pictures.", where=str(self._path), hint="Add `path label` lines."
            )
        self._classes = names or _numeric_order(items)
        return items

    def read(self, key: str) -> Picture:
        """The bytes of the picture at ``key``."""
        return read_picture_file(os.path.join(self._folder, key), self._boundary)

    def class_names(self) -> Sequence[str] | None:
        """The labels file's order, or numeric order if every label is an integer."""
        return self._classes


class _Entry(NamedTuple):
    line: int
    path: str
    label: str


class _Reach:
    """Which of the paths of a list lead out; links that are pictures are told when they are opened."""

    def __init__(self, folder: str, boundary: Boundary) -> None:
        self._folder, self._boundary = folder, boundary
        self._known: dict[str, bool] = {}

    def leads_out(self, path: str) -> bool:
        if self._boundary.folders is None:
            return False
        # A list of a million pictures has few folders, and following the links of one takes as long as reading does.
        folder = os.path.dirname(os.path.join(self._folder, path))
        if folder not in self._known:
            self._known[folder] = self._out(folder)
        return self._known[folder]

    def _out(self, folder: str) -> bool:
        try:
            self._boundary.real(folder)
        except PermissionError:
            return True
        return False


class _Reading:
    """Turns entries into items and remembers what was wrong."""

    def __init__(self, path: Path, names: list[str] | None, reach: _Reach) -> None:
        self._path, self._reach = path, reach
        self._names = names
        self._known = frozenset(names or ())
        self._first: dict[str, int] = {}
        self._problems: list[Problem] = []

    def item(self, entry: _Entry) -> Item | None:
        reason = self._wrong(entry)
        if reason:
            self._problems.append(Problem(reason, f"{self._path}, line {entry.line}", "Correct or remove the line."))
            return None
        self._first[entry.path] = entry.line
        return Item(entry.path, self._name(entry.label))

    def shown(self) -> list[Problem]:
        more = len(self._problems) - MAX_PROBLEMS
        if more <= 0:
            return self._problems
        return [*self._problems[:MAX_PROBLEMS], Problem(f"{more} more lines are wrong.", str(self._path))]

    def _wrong(self, entry: _Entry) -> str:
        if not entry.path or not entry.label:
            return f"A line expects a path and a label, found {(entry.path or entry.label)!r}."
        if "\0" in entry.path:
            return "The path contains a zero byte."
        if self._reach.leads_out(entry.path):
            return f"{entry.path!r} leads out of the folders that may be read."
        if entry.path in self._first:
            return f"{entry.path!r} is listed already, in line {self._first[entry.path]}."
        return self._wrong_label(entry.label)

    def _wrong_label(self, label: str) -> str:
        if self._names is None or label in self._known:
            return ""
        if not _is_integer(label):
            return f"Label {label!r} is not in the labels file."
        if not 0 <= int(label) < len(self._names):
            return f"Label {label} expects 0 to {len(self._names) - 1}, as many as the labels file has lines."
        return ""

    def _name(self, label: str) -> str:
        return label if self._names is None or label in self._known else self._names[int(label)]


def _entries(path: Path) -> Iterator[_Entry]:
    if path.suffix.lower() == ".csv":
        return _csv_entries(path)
    return _text_entries(path)


def _text_entries(path: Path) -> Iterator[_Entry]:
    for line, text in enumerate(_lines(path), 1):
        if not text.strip():
            continue
        before, _, after = text.rpartition("\t") if "\t" in text.strip() else _last_word(text)
        yield _Entry(line, before.strip(), after.strip())


def _last_word(text: str) -> tuple[str, str, str]:
    words = text.rsplit(None, 1)
    return (words[0], " ", words[1]) if len(words) == 2 else (text, "", "")


def _csv_entries(path: Path) -> Iterator[_Entry]:
    reader = csv.reader(_lines(path), skipinitialspace=True)
    columns = (0, 1)
    try:
        for number, row in enumerate(row for row in reader if any(cell.strip() for cell in row)):
            header = _header(row) if number == 0 else None
            if header:
                columns = header
                continue
            cells = [row[column].strip() if column < len(row) else "" for column in columns]
            yield _Entry(reader.line_num, *cells)
    except csv.Error as reason:
        raise SourceInvalid(
            f"This is not CSV: {reason}.", where=f"{path}, line {reader.line_num}", hint="Correct the line."
        ) from None


def _header(row: Sequence[str]) -> tuple[int, int] | None:
    cells = [cell.strip().lower() for cell in row]
    places = [next((i for i, cell in enumerate(cells) if cell in names), None) for names in _HEADERS]
    path, label = places
    return None if path is None or label is None else (path, label)


def _lines(path: Path) -> Iterable[str]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            yield from stream
    except UnicodeDecodeError as reason:
        raise SourceInvalid(
            f"{path} is not UTF-8 text: {reason}.", where=str(path), hint="Save the list as UTF-8."
        ) from None


def _read_labels(path: Path) -> list[str]:
    names = [line.strip() for line in "".join(_lines(path)).rstrip().splitlines()]
    first: dict[str, int] = {}
    problems = []
    for line, name in enumerate(names, 1):
        if not name:
            problems.append(Problem("The name of a label is empty.", f"{path}, line {line}", "Give it a name."))
        elif first.setdefault(name, line) != line:
            message = f"Label {name!r} has the name of line {first[name]}."
            problems.append(Problem(message, f"{path}, line {line}", "Give every label a name of its own."))
    require(problems[:MAX_PROBLEMS], SourceInvalid)
    if not names:
        raise SourceInvalid(f"{path} names no labels.", where=str(path), hint="Write the name of label i in line i.")
    return names


def _numeric_order(items: Sequence[Item]) -> list[str] | None:
    names = {item.label for item in items}
    return sorted(names, key=int) if all(map(_is_integer, names)) else None


def _is_integer(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdigit() and len(text) < 19
