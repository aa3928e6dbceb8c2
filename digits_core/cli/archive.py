"""``digits archive MODEL``, and ``digits archive show|verify|serve FILE``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from digits_core.cli.options import Json, ModelName
from digits_core.cli.output import percent, say, show, table
from digits_core.units import format_bytes

if TYPE_CHECKING:
    from typer._click import Context

    from digits_core.service.views.archives import ArchiveView

#: Names of classes that `show` prints.
MOST_LABELS = 5


class ModelOrCommand(TyperGroup):
    """Whose first word may be a model: ``digits archive lenet`` is ``digits archive make lenet``."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Fill in ``make`` where no command is named."""
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["make", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=ModelOrCommand,
    help="Pack a model into one file that goes anywhere: digits archive MODEL -o FILE. Look at such files, use them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(help="The archive.", show_default=False)]


@app.command("make")
def make(
    model: ModelName,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where: .tar.gz, .tgz, .tar.bz2, .tar or .zip. [default: MODEL.tar.gz]"),
    ] = None,
    license: Annotated[
        str | None, typer.Option(help="Licence of the model, best an SPDX expression: CC-BY-4.0. [default: none named]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    json: Json = False,
) -> None:
    """Pack a model with all that its receiver needs; the word make may be left out."""
    from digits_core.service.digits import Digits

    view = Digits().make_archive(model, out, license=license, force=force)
    text = f"Wrote {view.file}: {format_bytes(view.size_bytes)}, {view.digest}."
    show(view.to_dict(), text, json_wanted=json)


@app.command("show")
def show_archive(file: File, json: Json = False) -> None:
    """Show what is in an archive."""
    from digits_core.service.digits import Digits

    view = Digits().archive(file)
    show(view.to_dict(), _describe(view), json_wanted=json)


@app.command("verify")
def verify(file: File, json: Json = False) -> None:
    """Use everything in an archive once. Exit status 1 where it computes something else, 2 where it is damaged."""
    from digits_core.service.digits import Digits

    view = Digits().verify_archive(file)
    rows = [("passed" if check.passed else "FAILED", check.name, check.found) for check in view.checks]
    show(view.to_dict(), table(("", "check", "what was found"), rows), json_wanted=json)
    if not view.passed:
        raise typer.Exit(1)


@app.command("serve")
def serve(
    file: File,
    host: Annotated[str, typer.Option(help="Address to listen on; any but this machine's own needs a token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any that is free.")] = 8000,
    token: Annotated[
        str, typer.Option(envvar="DIGITS_TOKEN", help="What every request has to bring; best set as DIGITS_TOKEN.")
    ] = "",
    json: Json = False,
) -> None:
    """Classify pictures over HTTP until Ctrl-C: POST /v1/classify, GET /v1, /health and /metrics."""
    from digits_core.service.digits import Digits

    def started(address: str, view: ArchiveView) -> None:
        show({"url": address, "model": view.model, "digest": view.digest}, "", json_wanted=json)
        sys.stdout.flush()
        say(f"Serving {view.model} on {address}; Ctrl-C ends it.")
        header = ' -H "Authorization: Bearer $DIGITS_TOKEN"' if token else ""
        say(f"Try: curl{header} --data-binary @picture.jpg {address}/v1/classify")

    Digits().serve_archive(file, host=host, port=port, token=token, started=started)
    say("Ended.")


def _dataset(view: ArchiveView) -> str:
    found = view.dataset
    return "@".join(filter(None, (found.get("name", "not known"), found.get("version"))))


def _describe(view: ArchiveView) -> str:
    height, width, channels = view.input
    names = ", ".join(view.labels[:MOST_LABELS]) + (", …" if len(view.labels) > MOST_LABELS else "")
    measured = view.metrics.get("metrics", {})
    lines = [
        f"Archive {view.file}",
        f"  model      {view.model}",
        f"  digest     {view.digest}",
        f"  licence    {view.license or 'not named'}",
        f"  network    {view.network}, {view.parameters:,} parameters",
        f"  classes    {view.classes}: {names or 'names are not known'}",
        f"  takes      {width}x{height}x{channels}, brought to size by {view.resize}",
        f"  dataset    {_dataset(view)}",
    ]
    if "val/accuracy" in measured:
        lines.append(f"  accuracy   {percent(measured['val/accuracy'])} in validation")
    rows = [(name, format_bytes(size)) for name, size in view.files.items()]
    return "\n".join([*lines, "", table(("file", "size"), rows)])
