"""``digits trash …``."""

from __future__ import annotations

from typing import Annotated

import typer

from digits_core.cli.options import Json
from digits_core.cli.output import show, table

EMPTY = "The trash is empty. Things get there by: digits trash put job JOB"

app = typer.Typer(
    help="Throw jobs, datasets and models away with a way back.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("put")
def put(
    kind: Annotated[str, typer.Argument(help="job, dataset or model.", show_default=False)],
    name: Annotated[str, typer.Argument(help="Its name.", show_default=False)],
    json: Json = False,
) -> None:
    """Move a job, dataset or model into the trash."""
    from digits_core.errors import SpecInvalid, suggest
    from digits_core.service.digits import Digits

    digits = Digits()
    ways = {"job": digits.discard_job, "dataset": digits.discard_dataset, "model": digits.discard_model}
    if kind not in ways:
        raise SpecInvalid(f"Unknown kind {kind!r}.", where="KIND", hint=suggest(kind, ways))
    view = ways[kind](name)
    text = f"Moved {kind} {name} into the trash. Put it back: digits trash restore {view.id}"
    show(view.to_dict(), text, json_wanted=json)


@app.command("list")
def list_trash(json: Json = False) -> None:
    """List what can be put back."""
    from digits_core.service.digits import Digits

    found = Digits().trash()
    rows = [(view.id, view.kind, view.name, view.discarded) for view in found]
    text = table(("id", "kind", "name", "discarded"), rows, empty=EMPTY)
    show({"trash": [view.to_dict() for view in found]}, text, json_wanted=json)


@app.command("restore")
def restore(
    id: Annotated[str, typer.Argument(help="What it is called in the trash.", show_default=False)], json: Json = False
) -> None:
    """Put something back as it was."""
    from digits_core.service.digits import Digits

    view = Digits().restore(id)
    show(view.to_dict(), f"Restored {view.kind} {view.name}.", json_wanted=json)


@app.command("empty")
def empty(
    older_than_days: Annotated[float, typer.Option(help="Leave what was discarded less than so many days ago.")] = 0,
    json: Json = False,
) -> None:
    """Delete for good what is in the trash."""
    from digits_core.service.digits import Digits

    count = Digits().empty_trash(older_than_days=older_than_days)
    show({"deleted": count}, f"Deleted {count:,} thing{'s' * (count != 1)} for good.", json_wanted=json)
