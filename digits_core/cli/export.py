"""``digits export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digits_core.cli.options import Json, ModelName
from digits_core.cli.output import percent, show, table
from digits_core.cli.quiet import frameworks_silenced
from digits_core.units import format_bytes

if TYPE_CHECKING:
    from digits_core.service.digits import Digits
    from digits_core.service.views.exports import ExportView

#: Digests of the table for people are cut to this; all of it is in the manifest.
SHORT = 12


def export(
    model: ModelName = "",
    to: Annotated[str, typer.Option(help="The format; see --list.", show_default=False)] = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file or folder to write.")] = None,
    precision: Annotated[str, typer.Option(help="Of the weights: fp32, fp16, int8.")] = "fp32",
    calibrate: Annotated[
        str | None,
        typer.Option(help="DATASET[:split] whose pictures int8 is calibrated on. [default: the model's, train]"),
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="How far probabilities may differ. [default: as the precision needs]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,
    list_formats: Annotated[bool, typer.Option("--list", help="List the formats, and export nothing.")] = False,
    json: Json = False,
) -> None:
    """Write a model for another system, and keep it only if it computes the same.

    Exit status: 0 it agrees, 1 it does not and nothing is left, 2 the request is wrong.
    """
    from digits_core.errors import Problem, SpecInvalid, require
    from digits_core.service.digits import Digits

    digits = Digits()
    if list_formats:
        return _list(digits, json_wanted=json)
    needed = {"MODEL": model, "--to": to, "--out": out}
    require((Problem(f"export expects {name}.") for name, value in needed.items() if not value), SpecInvalid)
    with frameworks_silenced() as tell:
        view = digits.export(
            model,
            to,
            Path(out or ""),
            precision=precision,
            calibrate=calibrate,
            tolerance=tolerance,
            force=force,
            tell=tell,
        )
    show(view.to_dict(), _describe(view), json_wanted=json)


def _list(digits: Digits, *, json_wanted: bool) -> None:
    views = digits.export_formats()
    rows = [(view.name, "yes" if view.available else f"no. {view.remedy}", view.summary) for view in views]
    data = {"formats": [view.to_dict() for view in views]}
    show(data, table(("format", "available", "what it is"), rows), json_wanted=json_wanted)


def _describe(view: ExportView) -> str:
    rows = [(file.path, format_bytes(file.size_bytes), file.sha256[:SHORT]) for file in view.files]
    lines = [f"{view.model} as {view.format}, {view.precision}: {view.path}", *_findings(view)]
    if view.calibration:
        lines.append(f"  calibrated on {view.calibration}")
    indented = (f"  {line}" for line in table(("file", "size", "SHA-256"), rows).splitlines())
    return "\n".join([*lines, f"  manifest      {view.manifest_path}", *indented])


def _findings(view: ExportView) -> list[str]:
    found = view.agreement
    if found is None:
        return [f"  not run       {view.not_run}"]
    lines = [
        f"  seen with     {found.pictures}, against {found.runtime}",
        f"  error         {found.error:.2g} of a probability, at most {found.tolerance:g}",
        f"  first guess   the same for {percent(found.same_top1)}",
    ]
    if view.accuracy_lost is not None:
        was, lost = percent(found.model_accuracy), 100 * view.accuracy_lost
        lines.append(f"  accuracy      {percent(found.accuracy)}, of the model {was}: {lost:+.2f} points lost")
    if view.note:
        lines.append(f"  note          {view.note}")
    return lines
