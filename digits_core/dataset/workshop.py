"""What an edit of a dataset works with, and what it makes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from digits_core.dataset.content import Content
from digits_core.dataset.ingest import Skipped
from digits_core.dataset.opened import Dataset
from digits_core.dataset.progress import Progress


class Changed(NamedTuple):
    """What happened to one picture; it is a row of ``changed.csv``.

    Attributes:
        split: Its split.
        key: Its key.
        before: The class that it had.
        after: The class that it has; empty: it was left out.
    """

    split: str
    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Workshop:
    """What an edit works with.

    Attributes:
        base: The version that is changed.
        content: What it holds.
        folder: Folder of the new version, where new shards go.
        progress: Told how far it is.
    """

    base: Dataset
    content: Content
    folder: Path
    progress: Progress


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit made.

    Attributes:
        content: What the new version holds.
        summary: What was done, in words.
        changed: Every old picture that is another or gone.
        skipped: New pictures that could not be read.
    """

    content: Content
    summary: str
    changed: tuple[Changed, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def pictures(count: int) -> str:
    """The word for so many of them."""
    return "picture" if count == 1 else "pictures"
