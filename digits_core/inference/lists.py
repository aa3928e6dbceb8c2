"""From the words of a request to pictures: files, folders, lists and URLs.

A list is a text file with one picture a line, and its class after it where that is known:

::

    cats/0001.jpg cat            the rest of the line after a picture's ending
    cats/0002.jpg                no class is told
    /data/cats/0003.jpg 3        the number of a class
    https://…/0004.jpg<TAB>cat   or what follows the last tab

CSV files have the columns path and label; a header ``path,label`` may say where.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from digits_core.contracts.boundary import ANYWHERE, Boundary
from digits_core.contracts.picture_file import PICTURE_ENDINGS, find_picture_files
from digits_core.errors import Problem, RequestWrong, SourceInvalid, require
from digits_core.spec.paths import expanded

#: Endings of files that list pictures.
LIST_ENDINGS = frozenset({".txt", ".lst", ".list", ".tsv", ".csv"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_ENDINGS = "|".join(re.escape(ending) for ending in sorted(PICTURE_ENDINGS))
_LABELLED = re.compile(rf"(.*(?:{_ENDINGS}))\s+(\S.*)", re.IGNORECASE)
_PATHS, _LABELS = {"path", "image", "file", "filename", "url"}, {"label", "class", "truth"}


@dataclass(frozen=True, slots=True)
class Listed:
    """One picture that was asked for.

    Attributes:
        place: A path or URL.
        truth: Its class as it was told, by name or number; None where it was not.
        source: The list that names it; empty: it was asked for itself.
    """

    place: str
    truth: str | None = None
    source: str = field(default="", compare=False)

    @property
    def is_url(self) -> bool:
        """Whether it has to be downloaded."""
        return is_url(self.place)


def is_url(place: str) -> bool:
    """Whether ``place`` is a URL of any scheme.

    >>> is_url("https://host/a.png"), is_url("a.png")
    (True, False)
    """
    return _SCHEME.match(place) is not None


def list_pictures(
    words: Sequence[str], prefix: Path | None = None, *, by_folder: bool = False, boundary: Boundary = ANYWHERE
) -> list[Listed]:
    """Every picture that ``words`` ask for, in their order.

    Args:
        words: Picture files, folders, which are searched to their depth, lists, and URLs.
        prefix: Where relative paths of lists start; empty: the list's own folder.
        by_folder: Whether the folder that a picture lies in names its class, where nothing else does.
        boundary: Where folders and lists may lie; what they hold is held to it when it is opened.

    Raises:
        SourceInvalid: With every word that is no path, and every folder and list that holds no pictures or cannot be
            read.
    """
    found: list[Listed] = []
    problems: list[Problem] = []
    for word in words:
        try:
            found += _pictures(word, prefix, boundary, by_folder=by_folder)
        except RequestWrong as refused:
            problems += refused.problems
        except OSError as reason:
            why = f"{word} cannot be read: {reason.strerror or reason}."
            problems.append(Problem(why, str(reason.filename or word), "Check the permissions."))
    require(problems, SourceInvalid)
    return found


def _pictures(word: str, prefix: Path | None, boundary: Boundary, *, by_folder: bool) -> list[Listed]:
    if is_url(word):
        return [Listed(word)]
    path = expanded(word)
    boundary.require(path)
    if path.is_dir():
        listed = [Listed(os.path.join(path, name)) for name in find_picture_files(path)]
    elif path.suffix.lower() in LIST_ENDINGS:
        listed = [_placed(entry, prefix or path.parent, path.name) for entry in _entries(path)]
    else:
        listed = [Listed(str(path))]
    if not listed:
        hint = f"Known endings: {' '.join(sorted(PICTURE_ENDINGS))}."
        raise SourceInvalid(f"{word} holds no pictures.", where=word, hint=hint)
    return [_with_folder(one) for one in listed] if by_folder else listed


def _placed(entry: Listed, folder: Path, source: str) -> Listed:
    return Listed(entry.place if entry.is_url else os.path.join(folder, entry.place), entry.truth, source)


def _with_folder(one: Listed) -> Listed:
    if one.truth is not None or one.is_url:
        return one
    return Listed(one.place, Path(one.place).absolute().parent.name, one.source)


def _entries(path: Path) -> list[Listed]:
    if not path.is_file():
        raise SourceInvalid(f"{path} is no file.", where=str(path), hint="Check the path.")
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            lines = csv.reader(stream, skipinitialspace=True) if path.suffix.lower() == ".csv" else None
            return list(_from_rows(lines) if lines is not None else filter(None, map(_entry, stream)))
    except UnicodeDecodeError as reason:
        raise SourceInvalid(f"{path} is not UTF-8 text: {reason}.", where=str(path), hint="Save it as UTF-8.") from None
    except csv.Error as reason:
        raise SourceInvalid(f"{path} is not CSV: {reason}.", where=str(path), hint="Correct the line.") from None


def _entry(line: str) -> Listed | None:
    """What a line of text lists; None where it is empty."""
    text = line.strip()
    if "\t" in text:
        place, _, truth = text.rpartition("\t")
        return Listed(place.strip(), truth.strip() or None)
    words = text.rsplit(None, 1)
    if len(words) < 2 or os.path.splitext(text)[1].lower() in PICTURE_ENDINGS:
        return Listed(text) if text else None
    labelled = _LABELLED.fullmatch(text)
    return Listed(labelled[1], labelled[2]) if labelled else Listed(*words)


def _from_rows(rows: Iterator[list[str]]) -> Iterator[Listed]:
    place, truth = 0, 1
    for number, row in enumerate(filter(any, rows)):
        cells = [cell.strip() for cell in row]
        names = [cell.lower() for cell in cells]
        if number == 0 and _PATHS & set(names):
            place = next(column for column, name in enumerate(names) if name in _PATHS)
            truth = next((column for column, name in enumerate(names) if name in _LABELS), len(names))
        elif place < len(cells) and cells[place]:
            yield Listed(cells[place], (cells[truth] or None) if truth < len(cells) else None)
