"""``digits inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digits_core.cli.options import Json, ModelName
from digits_core.cli.output import number, percent, require_outs, say, show, table, write_out

if TYPE_CHECKING:
    from digits_core.service.inspection import Inspected
    from digits_core.service.views.inspection import ComparisonView, InspectedLayerView, InspectionView


def inspect(
    model: ModelName,
    image: Annotated[Path, typer.Argument(help="Picture file.")],
    report: Annotated[
        Path | None, typer.Option("--report", "-o", help="Write one page of HTML that needs nothing else.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write a new folder with inspection.json and PNG files.")] = None,
    layers: Annotated[
        list[str] | None, typer.Option(help="Layers to look into, like 'conv*'; may be given several times.")
    ] = None,
    saliency: Annotated[
        list[str] | None, typer.Option(help="What counts in the picture: occlusion, or grad-cam by a backend.")
    ] = None,
    label: Annotated[
        str | None, typer.Option("--class", help="The class that saliency is about. [default: the most likely one]")
    ] = None,
    cam_layer: Annotated[
        str, typer.Option(help="Whose features Grad-CAM asks. [default: the last layer that is a picture]")
    ] = "",
    compare: Annotated[str | None, typer.Option(help="Another model or snapshot to put beside it.")] = None,
    compare_runtime: Annotated[str | None, typer.Option(help="Who computes that one: onnx or native.")] = None,
    compare_backend: Annotated[str | None, typer.Option(help="Which backend computes that one.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Classes that are shown.")] = 5,
    tiles: Annotated[int, typer.Option(min=1, help="Maps that a picture shows at most.")] = 64,
    runtime: Annotated[
        str | None, typer.Option(help="Who computes: onnx, or native for a backend. [default: onnx where installed]")
    ] = None,
    backend: Annotated[str | None, typer.Option(help="Which backend computes, in place of ONNX Runtime.")] = None,
    json: Json = False,
) -> None:
    """Look inside a model: what every layer makes of a picture, and what it has learned."""
    from digits_core.cli.progress import dataset_progress
    from digits_core.errors import NameTaken, SpecInvalid
    from digits_core.service.digits import Digits

    if out is not None and out.suffix.lower() in (".html", ".htm"):
        raise SpecInvalid(f"--out names a folder, found {out}.", hint=f"For a page: --report {out}.")
    if out is not None and out.exists():
        raise NameTaken(f"{out} exists already.", hint="Name a new folder with --out.")
    require_outs(report)
    beside = {"model": compare, "runtime": compare_runtime, "backend": compare_backend}
    compared = {key: value for key, value in beside.items() if value is not None}
    wanted = {
        "model": model,
        "image": image,
        "runtime": runtime,
        "backend": backend,
        "layers": layers or (),
        "saliency": saliency or (),
        "label": label,
        "cam_layer": cam_layer,
        "compare": compared or None,
        "top": top,
        "tiles": tiles,
    }
    with dataset_progress() as progress:
        found = Digits().inspect(wanted, progress=progress)
    for note in found.view.notes:
        say(note)
    wrote = _write(found, report, out)
    show(found.view.to_dict(), "\n".join([*_describe(found.view), *wrote]), json_wanted=json)


def _write(found: Inspected, report: Path | None, out: Path | None) -> list[str]:
    wrote = []
    if report is not None:
        write_out(report, found.report().encode())
        wrote.append(f"Wrote {report}.")
    if out is not None:
        found.write(out)
        wrote.append(f"Wrote {out}.")
    return ["", *(wrote or ["Pictures of all that: -o report.html, or --out FOLDER."])]


def _describe(view: InspectionView) -> list[str]:
    lines = [f"{view.model} in {view.backend} looks at {view.image}"]
    lines += [f"  {100 * guess.probability:8.4f} %  {guess.label}" for guess in view.top]
    for one in view.saliency:
        place = f"of {one.layer}" if one.layer else f"in windows of {one.window} pixels"
        lines.append(f"{one.method} {place} for {one.label}: {max(map(max, one.values)):.3g} at most")
    lines.append("")
    if view.comparison is None:
        header = ("layer", "operation", "output", "parameters", "mean", "std", "zeros", "saturated")
        return [*lines, table(header, map(_row, view.layers))]
    return [*lines, *_compared(view, view.comparison)]


def _row(layer: InspectedLayerView) -> tuple[object, ...]:
    found = layer.activation
    size = " × ".join(map(str, layer.output))
    shares = (percent(found.zeros), percent(layer.saturated))
    return (layer.name, layer.op, size, layer.parameters or "", number(found.mean), number(found.std), *shares)


def _compared(view: InspectionView, other: ComparisonView) -> list[str]:
    """Two models layer by layer."""
    lines = [f"{other.model} in {other.backend} says"]
    lines += [f"  {100 * guess.probability:8.4f} %  {guess.label}" for guess in other.top]
    operations = {layer.name: layer.op for layer in view.layers}
    rows = []
    for found in other.layers:
        a = found.activation
        numbers = (number(a.relative), number(a.max_abs), f"{a.cosine:.6f}") if a else ("another shape", "", "")
        weights = [one.relative for one in found.weights.values() if one]
        rows.append((found.name, operations[found.name], *numbers, number(max(weights, default=None))))
    header = ("layer", "operation", "relative", "largest", "cosine", "relative, weights")
    return [*lines, "", table(header, rows), "", other.summary]
