"""Several jobs side by side: one live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import typer

from digits_core.cli.output import number, percent, say, show, table, with_unit
from digits_core.cli.running import INTERRUPTED, status_of
from digits_core.units import format_bytes, format_duration

if TYPE_CHECKING:
    from rich.live import Live

    from digits_core.service.digits import Digits
    from digits_core.service.views.jobs import JobView

HEADER = (
    *("job", "state", "backend", "devices", "epoch", "loss", "val acc"),
    *("images/s", "left", "CPU", "memory", "GPU"),
)
#: Columns that a narrow terminal does without, the first ones first.
DISPENSABLE = ("backend", "memory", "loss", "devices", "CPU", "images/s")
#: More devices of one kind than these are told by their number.
MOST_NAMED = 2
#: Seconds between two plain lines of a job to which nothing happens but progress.
LINE_EVERY_S = 5.0


class Display(Protocol):
    """Shows one round after another."""

    def show(self, views: Sequence[JobView]) -> None:
        """Show how jobs stand now."""


def watch_jobs(digits: Digits, jobs: Sequence[str], *, json_wanted: bool) -> None:
    """Watch until every job has ended, print how they stand, and leave with the worst exit status.

    Args:
        digits: The service.
        jobs: The jobs; empty: those that are open, and those that join.
        json_wanted: Whether to print JSON at the end.
    """
    rounds = digits.watch_all(jobs)
    views: tuple[JobView, ...] = ()
    interrupted = False
    with _display() as display:
        try:
            for views in rounds:
                display.show(views)
        except KeyboardInterrupt:
            interrupted = True
    show({"jobs": [view.to_dict() for view in views]}, _text(views), json_wanted=json_wanted)
    raise typer.Exit(INTERRUPTED if interrupted else max(map(status_of, views), default=0))


class JobsTable:
    """Jobs as one table that changes in its place.

    Args:
        live: Where it is drawn.
    """

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, views: Sequence[JobView]) -> None:
        """Draw it anew."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        header, rows = columns(views, self._live.console.width)
        drawn = Table(box=None, pad_edge=False)
        for name in header:
            drawn.add_column(name, no_wrap=True)
        for row in rows:
            drawn.add_row(*map(Text, row))
        self._live.update(Group(drawn, *map(Text, waiting_lines(views))), refresh=True)


class JobsLines:
    """Jobs as lines: one whenever something happens to a job, and now and then while it makes progress."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[object, ...]] = {}
        self._steps: dict[str, tuple[int, float]] = {}

    def show(self, views: Sequence[JobView]) -> None:
        """Write lines about what is new."""
        for view in views:
            happened = (view.state, view.runs, view.queue_position, view.waits_for, view.metrics.get("val/accuracy"))
            step, told_at = self._steps.get(view.job, (0, 0.0))
            progressed = view.step != step and time.monotonic() - told_at >= LINE_EVERY_S
            if happened != self._told.get(view.job) or progressed:
                self._told[view.job] = happened
                self._steps[view.job] = (view.step, time.monotonic())
                say(_line(view))


def columns(views: Sequence[JobView], width: int | None = None) -> tuple[list[str], list[list[str]]]:
    """Names of columns and rows, without columns in which nothing is known, and without those that do not fit.

    Args:
        views: A row for each.
        width: Letters of a line; empty: as many as are needed.
    """
    rows = [dict(zip(HEADER, _row(view), strict=True)) for view in views]
    needed = {
        name: max(len(name), *(len(row[name]) for row in rows)) for name in HEADER if any(row[name] for row in rows)
    }
    for name in DISPENSABLE:
        if width is not None and sum(needed.values()) + 2 * (len(needed) - 1) > width:
            needed.pop(name, None)
    return list(needed), [[row[name] for name in needed] for row in rows]


def state_of(view: JobView) -> str:
    """The state of a job, with its place while it waits."""
    return f"{view.state} #{view.queue_position}" if view.queue_position else view.state


def waiting_lines(views: Sequence[JobView]) -> list[str]:
    """What each job that waits waits for."""
    return [f"Job {view.name} waits for {view.waits_for}." for view in views if view.waits_for]


@contextmanager
def _display() -> Iterator[Display]:
    if not sys.stderr.isatty():
        yield JobsLines()
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
        yield JobsTable(live)


def _text(views: Sequence[JobView]) -> str:
    header, rows = columns(views)
    return "\n".join([table(header, rows, empty="No job is open."), *waiting_lines(views)])


def _row(view: JobView) -> tuple[str, ...]:
    usage = view.usage
    gpus = [device.utilization_percent for device in usage.devices if device.id.startswith("gpu")] if usage else []
    known = [share for share in gpus if share is not None]
    return (
        view.name,
        state_of(view),
        view.backend,
        _short(view.devices),
        f"{view.epoch:.2f}/{view.epochs:g}" if view.kind == "train" else f"{view.epoch:.0%}",
        number(view.metrics.get("train/loss"), ".4f"),
        percent(view.metrics.get("val/accuracy")),
        number(view.images_per_second, ",.0f"),
        "" if view.seconds_left is None else format_duration(view.seconds_left),
        with_unit(usage.cpu_percent, "%") if usage else "",
        format_bytes(usage.memory_bytes) if usage else "",
        with_unit(sum(known) / len(known), "%") if known else "",
    )


def _line(view: JobView) -> str:
    name, state, backend, devices, epoch, *rest = _row(view)
    words = ("loss {}", "val accuracy {}", "{} images/s", "{} left", "CPU {}", "memory {}", "GPU {}")
    told = [form.format(value) for form, value in zip(words, rest, strict=True) if value]
    where = [f"{backend} on {devices}" if devices else backend] if backend else []
    waits = [f"waits for {view.waits_for}"] if view.waits_for else []
    return f"{name}: {', '.join([state, *where, f'epoch {epoch}', *told, *waits])}"


def _short(devices: Sequence[str]) -> str:
    if len(devices) <= MOST_NAMED:
        return ", ".join(devices)
    return f"{len(devices)} × {devices[0].partition(':')[0]}"
