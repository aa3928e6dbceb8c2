"""``digits device …``."""

from __future__ import annotations

import typer

from digits_core.cli.options import Json
from digits_core.cli.output import show, table

app = typer.Typer(help="What computes here.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _noun() -> None:
    """What computes here."""


@app.command("list")
def list_devices(json: Json = False) -> None:
    """List the devices of every installed backend; importing them takes some seconds."""
    from digits_core.service.digits import Digits
    from digits_core.units import format_bytes

    views = Digits().devices()
    rows = [
        (
            view.id,
            view.name,
            format_bytes(view.memory_total_bytes) if view.memory_total_bytes else "",
            ", ".join(view.backends),
        )
        for view in views
    ]
    text = table(("device", "name", "memory", "backends"), rows, empty="No backend is installed. See: digits doctor.")
    show({"devices": [view.to_dict() for view in views]}, text, json_wanted=json)
