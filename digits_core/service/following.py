"""Facts of journals for those who come back for more: what is new since a cursor, and folds that go on where they were.

A journal only grows, so a byte in it says how far somebody has read.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from digits_core.errors import SpecInvalid
from digits_core.events.follower import Follower
from digits_core.events.journal import Recorded, located_lines
from digits_core.service.views.history import EventsView, EventView
from digits_core.store.job import JobFolder

#: Bytes of a journal that are read at once.
CHUNK_BYTES = 2**20
#: Journals that are remembered, those that were asked for last.
REMEMBERED = 64
#: Enough of a journal to tell it from every other: its first line begins with the moment of its first fact.
HEAD_BYTES = 40


def events_since(folder: JobFolder, cursor: str, most: int) -> EventsView:
    """What happened in a job after ``cursor``, ``most`` facts of it at most.

    Raises:
        SpecInvalid: If the cursor is none of ours.
    """
    require_number("most", most, 1)
    path, start = folder.journal.path, _byte(cursor)
    if start > folder.journal.size():
        start = 0  # It is the cursor of another journal: of a job that had this name before.
    found: list[EventView] = []
    while len(found) < most and (data := _lines(path, start)):
        found += (
            EventView(time=item.time, kind=item.fact.kind, data=dataclasses.asdict(item.fact), cursor=str(end))
            for end, item in located_lines(data, start)
        )
        start += len(data)
    end = int(found[most - 1].cursor) if len(found) > most else start
    more = len(found) >= most and end < folder.journal.size()
    return EventsView(job=folder.id, events=tuple(found[:most]), cursor=str(end), more=more)


def require_number(name: str, value: int, least: int) -> None:
    """Refuse a number that is too small.

    Args:
        name: What it is called, for the message.
        value: The number.
        least: What it has to be at least.

    Raises:
        SpecInvalid: If it is smaller.
    """
    if value < least:
        message = f"{name} expects a whole number greater than or equal to {least}, found {value}."
        raise SpecInvalid(message, where=name, hint="Leave it out for the usual number.")


def _byte(cursor: str) -> int:
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        hint = "Take it from an earlier answer, or leave it out to begin at the beginning."
        raise SpecInvalid(f"cursor expects a number, found {cursor!r}.", where="cursor", hint=hint)
    return int(cursor or 0)


def _lines(path: Path, start: int) -> bytes:
    """Whole lines of a journal from ``start`` on, about `CHUNK_BYTES` of them; none where there are no more."""
    try:
        with open(path, "rb") as stream:
            stream.seek(start)
            data = stream.read(CHUNK_BYTES)
            # A line that is longer than that is read whole, and not mistaken for one that is still being written.
            data += b"" if data.endswith(b"\n") else stream.readline()
    except FileNotFoundError:
        return b""
    return data[: data.rfind(b"\n") + 1]


class Fold(Protocol):
    """Takes facts in, one after the other."""

    def add(self, item: Recorded) -> None:
        """Take one in."""


FoldT = TypeVar("FoldT", bound=Fold)
AnswerT = TypeVar("AnswerT")


class _Place(Generic[FoldT]):
    """How far a file was folded, and which file it was."""

    def __init__(self, fold: FoldT, follower: Follower, head: bytes) -> None:
        self.fold, self.follower, self.head = fold, follower, head


class Folds(Generic[FoldT]):
    """Folds of files that grow, each going on where it was; any thread may ask.

    Args:
        begin: Makes an empty fold.
    """

    def __init__(self, begin: Callable[[], FoldT]) -> None:
        self._begin = begin
        self._places: OrderedDict[Path, _Place[FoldT]] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, path: Path, answer: Callable[[FoldT, int], AnswerT], former: Path | None = None) -> AnswerT:
        """What ``answer`` makes of the fold of a file up to now, and of the byte up to which it was read.

        Args:
            path: The file; it need not exist.
            answer: Reads the fold; nobody else touches it meanwhile.
            former: A file that belongs before it.
        """
        with self._lock:
            place, head = self._places.pop(path, None), _head(path)
            if place is None or place.head != head:
                place = _Place(self._begin(), Follower(path), head)
                _take(place.fold, Follower(former) if former else None)
            self._places[path] = place
            while len(self._places) > REMEMBERED:
                self._places.popitem(last=False)
            _take(place.fold, place.follower)
            return answer(place.fold, place.follower.cursor)


def _take(fold: Fold, follower: Follower | None) -> None:
    for item in follower.poll() if follower else ():
        fold.add(item)


def _head(path: Path) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(HEAD_BYTES)
    except FileNotFoundError:
        return b""
