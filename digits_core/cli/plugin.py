"""``digits plugin …``."""

from __future__ import annotations

import typer

from digits_core.cli.options import Json
from digits_core.cli.output import show, table

app = typer.Typer(help="What plugins bring.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _noun() -> None:
    """What plugins bring."""


@app.command("list")
def list_plugins(json: Json = False) -> None:
    """List everything that plugins bring, and what cannot be used and why."""
    from digits_core.service.digits import Digits

    view = Digits().plugin_list()
    rows = [
        (item.kind, item.name, item.plugin, "yes" if item.available else f"no. {item.remedy}", item.summary)
        for item in view.plugins
    ]
    lines = [table(("kind", "name", "plugin", "available", "what it is"), rows)]
    lines += [f"BROKEN {item.plugin}: {item.reason}. {item.remedy}" for item in view.broken]
    show(view.to_dict(), "\n".join(lines), json_wanted=json)
