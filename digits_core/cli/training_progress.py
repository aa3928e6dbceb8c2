"""Progress of training on standard error: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from digits_core.cli.output import percent, say
from digits_core.cli.progress import progress_bars
from digits_core.cli.starting import opening
from digits_core.events.facts import (
    Noted,
    ProgramBuilt,
    Progressed,
    RunStarted,
    SnapshotSaved,
    TrainingLogged,
    Validated,
)

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from digits_core.events.journal import Recorded
    from digits_core.service.views.jobs import JobView
    from digits_core.service.watcher import Watcher

#: Seconds between two plain lines of the same kind.
LINE_EVERY_S = 2.0


@contextmanager
def training_progress() -> Iterator[Watcher]:
    """A watcher of training for this standard error."""
    if not sys.stderr.isatty():
        yield TrainingLines()
        return
    # Without a description and with short words, so that all of it fits into 80 columns.
    with progress_bars("{task.fields[status]}", width=9) as bars:
        yield TrainingBar(bars)


class TrainingLines:
    """Training as plain lines, a few seconds apart; validations always."""

    def __init__(self) -> None:
        self._total_steps = 0
        self._last = float("-inf")

    def started(self, job: JobView) -> None:
        """Name the job."""
        say(opening(job))

    def recorded(self, item: Recorded) -> None:
        """Write a line about what matters."""
        fact = item.fact
        if isinstance(fact, RunStarted):
            self._total_steps = fact.total_steps
        elif isinstance(fact, Progressed) and fact.doing:
            self._total_steps = fact.total or self._total_steps
        elif isinstance(fact, (TrainingLogged, Progressed)):
            if time.monotonic() - self._last < LINE_EVERY_S:
                return
            self._last = time.monotonic()
        text = _line(fact, self._total_steps)
        if text:
            say(text)

    def noted(self, message: str) -> None:
        """Write it down."""
        say(message)


class TrainingBar:
    """Training as one live bar; validations and notes above it.

    Args:
        bars: Where the bar is drawn.
    """

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID | None = None
        self._validation = ""
        self._total = 0

    def started(self, job: JobView) -> None:
        """Name the job and draw the bar."""
        self.noted(opening(job))
        self._task = self._bars.add_task(job.name, total=None, status=f"starting {job.backend} …")

    def recorded(self, item: Recorded) -> None:
        """Move the bar."""
        fact = item.fact
        if self._task is None:
            return
        if isinstance(fact, RunStarted):
            self._total = fact.total_steps
            self._bars.update(self._task, total=fact.total_steps, completed=fact.step, status="first step …")
        if isinstance(fact, Validated):
            self._validation = f"val {fact.accuracy:.2%} "
        if isinstance(fact, TrainingLogged):
            self._bars.update(self._task, completed=fact.step, status=self._status(fact))
        elif isinstance(fact, Progressed):
            self._total = fact.total or self._total
            status = fact.doing or f"{fact.step:,} pictures"
            self._bars.update(self._task, total=self._total or None, completed=fact.step, status=status)
        elif text := _line(fact, self._total):
            self._bars.console.print(text, markup=False, highlight=False)

    def noted(self, message: str) -> None:
        """Print it above the bar."""
        self._bars.console.print(message, markup=False, highlight=False)

    def _status(self, fact: TrainingLogged) -> str:
        return (
            f"epoch {fact.epoch:.2f} loss {fact.loss:.4f} acc {fact.accuracy:.2%} {self._validation}"
            f"lr {fact.learning_rate:.2g} {fact.images_per_second:,.0f}/s{_second_line(fact.heads)}"
        )


def _line(fact: object, total_steps: int) -> str:
    text = ""
    match fact:
        case RunStarted(total_steps=0):
            pass
        case RunStarted() if not fact.backend:
            text = f"{fact.total_steps:,} pictures."
        case RunStarted():
            where = f" on {', '.join(fact.devices)}" if fact.devices else ""
            text = f"Run {fact.run} in {fact.backend}{where}: from step {fact.step:,} of {fact.total_steps:,}."
        case ProgramBuilt():
            text = fact.compilation
        case Progressed():
            text = fact.doing or f"{fact.step:,} of {total_steps:,} pictures"
        case TrainingLogged():
            text = (
                f"epoch {fact.epoch:.2f}, step {fact.step:,} of {total_steps:,}: "
                f"loss {fact.loss:.4f}{_heads(fact.heads)}, accuracy {percent(fact.accuracy)}, "
                f"rate {fact.learning_rate:.3g}, "
                f"{fact.images_per_second:,.0f} images/s"
            )
        case Validated():
            text = (
                f"epoch {fact.epoch:.2f}: validation loss {fact.loss:.4f}{_heads(fact.heads)}, "
                f"accuracy {percent(fact.accuracy)}"
            )
        case SnapshotSaved():
            text = f"epoch {fact.epoch:.2f}: snapshot {fact.name}"
        case Noted():
            text = fact.message
    return text


def _heads(heads: dict[str, float]) -> str:
    """The losses of several heads in parentheses."""
    return f" ({', '.join(f'{name} {loss:.4f}' for name, loss in heads.items())})" if heads else ""


def _second_line(heads: dict[str, float]) -> str:
    """The losses of several heads below the rest, because 80 columns are full; what all names end with is left out."""
    endings = {name.rpartition(".")[2] for name in heads}
    shared = f".{min(endings)}" if len(endings) == 1 else ""
    losses = "  ".join(f"{name.removesuffix(shared)} {loss:.4f}" for name, loss in heads.items())
    return f"\n{losses}" if heads else ""
