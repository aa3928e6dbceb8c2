"""``digits device …``."""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digits_core.cli.options import Json
from digits_core.cli.output import show, table, with_unit
from digits_core.units import format_bytes

if TYPE_CHECKING:
    from digits_core.service.views.machine import DeviceView

HEADER = ("device", "name", "memory", "busy", "temperature", "power", "job")

app = typer.Typer(help="What computes here.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_devices(json: Json = False) -> None:
    """List the devices of this machine, how busy they are, and which job holds them."""
    from digits_core.service.devices import device_views

    views = device_views()
    show(_document(views), table(HEADER, map(_row, views)), json_wanted=json)


@app.command("watch")
def watch(
    count: Annotated[int | None, typer.Option(min=1, help="End after so many rounds; with --json: 1.")] = None,
    json: Json = False,
) -> None:
    """Measure the devices every second, until Ctrl-C."""
    from digits_core.service.devices import watch_devices

    rounds = itertools.islice(watch_devices(), count or 1 if json else count)
    with contextlib.suppress(KeyboardInterrupt):
        if json:
            measured = [{"time": round(time.time(), 3), **_document(views)} for views in rounds]
            show({"rounds": measured}, "", json_wanted=True)
        elif sys.stdout.isatty():
            _draw(rounds)
        else:
            _write(rounds)


def _document(views: Iterable[DeviceView]) -> dict[str, Any]:
    # With nulls: whoever reads a column of numbers wants every row to have one.
    return {"devices": [view.model_dump(mode="json") for view in views]}


def _draw(rounds: Iterable[Sequence[DeviceView]]) -> None:
    """One table that changes in its place."""
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

    with Live(auto_refresh=False) as live:
        for views in rounds:
            drawn = Table(*HEADER, box=None, pad_edge=False)
            for view in views:
                drawn.add_row(*map(Text, _row(view)))
            live.update(drawn, refresh=True)


def _write(rounds: Iterable[Sequence[DeviceView]]) -> None:
    """A line for every device and round, under one header."""
    skipped = 0
    for views in rounds:
        clock = time.strftime("%H:%M:%S")
        lines = table(("time", *HEADER), [(clock, *_row(view)) for view in views]).splitlines()
        print("\n".join(lines[skipped:]), flush=True)
        skipped = 1


def _row(view: DeviceView) -> tuple[str, ...]:
    memory = (view.memory_used_bytes, view.memory_total_bytes)
    return (
        view.id,
        view.name,
        " of ".join(format_bytes(size) for size in memory if size is not None),
        with_unit(view.utilization_percent, "%", "3.0f"),
        with_unit(view.temperature_c, "°C", "3.0f"),
        with_unit(view.power_w, "W", "3.0f"),
        view.lease or "",
    )
