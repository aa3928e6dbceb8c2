"""``digits store …``."""

from __future__ import annotations

import typer

from digits_core.cli.options import Json
from digits_core.cli.output import show

app = typer.Typer(help="The folder with datasets and jobs.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _noun() -> None:
    """The folder with datasets and jobs."""


@app.command("reindex")
def reindex(json: Json = False) -> None:
    """Build the index of jobs anew from their folders."""
    from digits_core.service.digits import Digits

    count = Digits().reindex()
    show({"jobs": count}, f"Indexed {count:,} jobs.", json_wanted=json)
