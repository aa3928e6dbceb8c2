"""Progress with pictures on standard error: live bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from digits_core.cli.output import say

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from digits_core.dataset.progress import Progress

#: From so many pictures on people are told how far it is with looking at them.
MANY = 200


@contextmanager
def dataset_progress() -> Iterator[Progress]:
    """Progress of pictures for this standard error."""
    if not sys.stderr.isatty():
        yield PictureLines()
        return
    with progress_bars("{task.description}  {task.completed:,.0f} of {task.total:,.0f}", width=24) as bars:
        yield PictureBar(bars)


@contextmanager
def picture_progress() -> Iterator[Progress]:
    """Progress of pictures that are looked at: nothing for a few, which take no time."""
    with dataset_progress() as shown:
        yield OnlyMany(shown)


class OnlyMany:
    """Progress that is passed on where there is much to do.

    Args:
        shown: Who is told then.
    """

    def __init__(self, shown: Progress) -> None:
        self._shown, self._many = shown, False

    def start(self, total: int, what: str) -> None:
        """Decide."""
        self._many = total >= MANY
        if self._many:
            self._shown.start(total, what)

    def advance(self, count: int) -> None:
        """Pass it on, or not."""
        if self._many:
            self._shown.advance(count)


class PictureLines:
    """Creation of a dataset as a line at its start, and every tenth of the way."""

    def __init__(self) -> None:
        self._total = self._done = self._told = 0

    def start(self, total: int, what: str) -> None:
        """Say what begins."""
        self._total = total
        say(f"{what}: {total:,} pictures.")

    def advance(self, count: int) -> None:
        """Say how far it is."""
        self._done += count
        tenths = 10 * self._done // max(self._total, 1)
        if tenths > self._told and self._total >= 1000:
            self._told = tenths
            say(f"{10 * tenths} %")


class PictureBar:
    """Creation of a dataset as a live bar.

    Args:
        bars: Where the bar is drawn.
    """

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def start(self, total: int, what: str) -> None:
        """Draw the bar."""
        self._task = self._bars.add_task(what, total=total)

    def advance(self, count: int) -> None:
        """Move it."""
        if self._task is not None:
            self._bars.advance(self._task, count)


@contextmanager
def progress_bars(status: str, *, width: int) -> Iterator[Bars]:
    """Live bars on standard error, each with a status after it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(bar_width=width), TextColumn(status, markup=False), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield bars
