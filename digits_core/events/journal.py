"""The journal: facts as lines of JSON, appended and never edited.

One line is ``{"time": seconds since the epoch, "kind": "validated", …fields}``. A writer that dies in the middle of a
line leaves a torn tail; the next writer starts on a fresh line, and readers skip what is not a fact.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from digits_core.disk import storage_errors
from digits_core.events.facts import FACTS, Fact


class Recorded(NamedTuple):
    """A fact and when it was written.

    Attributes:
        time: Seconds since the epoch.
        fact: What happened.
    """

    time: float
    fact: Fact


class Journal:
    """The writing end of a journal.

    Args:
        path: The file; it is made by the first fact.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def size(self) -> int:
        """Bytes so far: the cursor from which only facts to come are followed."""
        return self.path.stat().st_size if self.path.exists() else 0

    def append(self, fact: Fact) -> None:
        """Write one fact down, visible to followers at once.

        Raises:
            ValueError: If a number in it is not finite.
            StorageUnusable: If the disk is full, read-only or not ours.
        """
        record = {"time": round(time.time(), 3), "kind": fact.kind, **dataclasses.asdict(fact)}
        line = json.dumps(record, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        with storage_errors(self.path.name), open(self.path, "a+b") as stream:
            size = stream.seek(0, os.SEEK_END)
            if size:
                stream.seek(size - 1)
                line = line if stream.read(1) == b"\n" else b"\n" + line
            stream.write(line)


def read_facts(path: Path) -> list[Recorded]:
    """Every fact of a journal, oldest first; none where there is no file."""
    if not path.exists():
        return []
    return parse_lines(path.read_bytes())


def parse_lines(data: bytes) -> list[Recorded]:
    """The facts in complete lines of a journal; torn lines and unknown kinds are skipped."""
    return [recorded for _, recorded in located_lines(data)]


def located_lines(data: bytes, start: int = 0) -> Iterator[tuple[int, Recorded]]:
    """The same, each after the byte that its line ends before; ``start``: at which byte of the journal they begin."""
    end = 0
    while newline := data.find(b"\n", end) + 1:
        line, end = data[end:newline], newline
        if (recorded := _parse_line(line)) is not None:
            yield start + end, recorded


def _parse_line(line: bytes) -> Recorded | None:
    try:
        record = json.loads(line)
        moment, kind = float(record.pop("time")), FACTS[record.pop("kind")]
        return Recorded(moment, kind(**_fields(kind, record)))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _fields(kind: type[Any], record: dict[str, Any]) -> dict[str, Any]:
    # Fields that a later version added are dropped, so that its journals can still be followed.
    known = {field.name: field for field in dataclasses.fields(kind)}
    return {key: _value(value, known[key].metadata.get("item")) for key, value in record.items() if key in known}


def _value(value: Any, item: type[Any] | None) -> Any:
    """A field as it was: JSON knows no tuples, and no classes for what is in them (metadata ``item`` of the field)."""
    if not isinstance(value, list):
        return value
    return tuple(value) if item is None else tuple(item(**_fields(item, part)) for part in value)
