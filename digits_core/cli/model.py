"""``digits model …``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digits_core.cli.options import Json, picture_size
from digits_core.cli.output import show, table
from digits_core.units import format_bytes

if TYPE_CHECKING:
    from digits_core.service.views.networks import ModelView

#: Names of classes that `show` prints.
MOST_LABELS = 5
EMPTY = "There are no imported models yet. Import one: digits model import NAME FILE"

app = typer.Typer(help="Import models of other systems, and look at them.", no_args_is_help=True, rich_markup_mode=None)

ModelName = Annotated[str, typer.Argument(help="Name of the model.", show_default=False)]


@app.command("import")
def import_model(
    name: ModelName,
    files: Annotated[list[Path], typer.Argument(help="Its files.", show_default=False)],
    network: Annotated[str | None, typer.Option(help="Network family of the weights. [default: what they say]")] = None,
    labels: Annotated[Path | None, typer.Option(help="File whose line i names class i. [default: none]")] = None,
    size: Annotated[str | None, typer.Option(help="Pixels that the network takes, 224x224. [default: usual]")] = None,
    resize: Annotated[str | None, typer.Option(help="squash, crop, fill or half-crop. [default: usual]")] = None,
    mean: Annotated[Path | None, typer.Option(help="File of the mean picture. [default: usual]")] = None,
    normalization: Annotated[
        str | None, typer.Option(help="What pixels went through: imagenet, half, unit. [default: usual]")
    ] = None,
    importer: Annotated[str, typer.Option(help="Who reads the files; auto: who recognises them.")] = "auto",
    json: Json = False,
) -> None:
    """Import a model: then classify with it, or start training from it."""
    from digits_core.service.digits import Digits

    width, height = picture_size(size) if size else (None, None)
    request = {
        "name": name,
        "paths": files,
        "network": network,
        "labels": labels,
        "width": width,
        "height": height,
        "resize": resize,
        "mean": mean,
        "normalization": normalization,
        "importer": importer,
    }
    view = Digits().import_model(request)
    show(view.to_dict(), _describe(view), json_wanted=json)


@app.command("list")
def list_models(json: Json = False) -> None:
    """List imported models."""
    from digits_core.service.digits import Digits

    views = Digits().models()
    rows = [(view.name, view.network, view.classes, view.parameters, view.importer, view.created) for view in views]
    text = table(("name", "network", "classes", "parameters", "importer", "created"), rows, empty=EMPTY)
    show({"models": [view.to_dict() for view in views]}, text, json_wanted=json)


@app.command("show")
def show_model(
    name: Annotated[str, typer.Argument(help="Name of the model, or an archive.", show_default=False)],
    json: Json = False,
) -> None:
    """Show what an imported model is, or the one in an archive."""
    from digits_core.service.digits import Digits

    view = Digits().model(name)
    show(view.to_dict(), _describe(view), json_wanted=json)


@app.command("delete")
def delete(name: ModelName, json: Json = False) -> None:
    """Delete an imported model; jobs that were started from it keep what they need."""
    from digits_core.service.digits import Digits

    Digits().delete_model(name)
    show({"deleted": name}, f"Deleted model {name}.", json_wanted=json)


def _describe(view: ModelView) -> str:
    lines = [
        f"Model {view.name}",
        f"  network    {view.network}, {view.parameters:,} parameters, {format_bytes(view.size_bytes)}",
        f"  classes    {view.classes:,}: {_labels(view)}",
        f"  input      {_form(view.input)} of pictures brought to {_form(view.picture)} by {view.resize}",
        f"  mean       {view.mean}",
        f"  from       {', '.join(view.files)} by {view.importer}",
        *(f"  note       {note}" for note in view.notes),
        f"  next       digits classify {view.name} IMAGE, or digits train DATASET --from {view.name}",
    ]
    return "\n".join(lines)


def _labels(view: ModelView) -> str:
    if not view.labels:
        return "their names are unknown"
    more = ", …" if len(view.labels) > MOST_LABELS else ""
    return ", ".join(view.labels[:MOST_LABELS]) + more


def _form(size: tuple[int, int, int]) -> str:
    height, width, channels = size
    return f"{width}x{height}x{channels}"
