"""``digits plugin …``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from digits_core.cli.options import Json
from digits_core.cli.output import show, table

if TYPE_CHECKING:
    from digits_core.service.views.machine import PluginView

app = typer.Typer(help="What plugins bring.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _noun() -> None:
    """What plugins bring."""


@app.command("list")
def list_plugins(json: Json = False) -> None:
    """List everything that plugins bring, and what cannot be used and why."""
    from digits_core.service.digits import Digits

    view = Digits().plugin_list()
    rows = [(item.kind, item.name, item.plugin, _available(item), item.summary) for item in view.plugins]
    lines = [table(("kind", "name", "plugin", "available", "what it is"), rows)]
    lines += [f"BROKEN {item.plugin}: {item.reason}. {item.remedy}" for item in view.broken]
    show(view.to_dict(), "\n".join(lines), json_wanted=json)


def _available(item: PluginView) -> str:
    if not item.available:
        return f"no. {item.remedy}"
    return f"yes, in {item.interpreter}" if item.interpreter else "yes"
