"""``digits errors``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digits_core.cli.options import Json, ModelName
from digits_core.cli.output import percent, picture_bytes, require_outs, say, show, table, write_out

if TYPE_CHECKING:
    from digits_core.service.views.mining import ErrorsView, FindingView

#: Rows of a table for people; all of them are in --json and -o.
MOST_ROWS = 8
#: Columns of the CSV file, which `digits dataset relabel|exclude --file` read.
COLUMNS = (
    "reason",
    "split",
    "key",
    "label",
    "to",
    "predicted",
    "probability",
    "given_probability",
    "margin",
    "entropy",
    "other",
    "likeness",
    "hash",
)
TITLES = {
    "label": "Likely wrong labels",
    "mistake": "Mistakes, the surest first",
    "duplicate": "Pictures in two splits; copies within one are not looked for",
    "unsure": "Pictures, the least sure first",
}

Dataset = Annotated[str | None, typer.Option(help="Whose pictures. [default: the version that it was trained on]")]
Layer = Annotated[
    str | None,
    typer.Option(help="Layer whose activations stand for pictures. [default: what the last dense one takes]"),
]
Runtime = Annotated[str | None, typer.Option(help="Who computes: onnx, or native (a backend). [default: onnx]")]
Backend = Annotated[str | None, typer.Option(help="Which backend computes. [default: none, else the job's own]")]


def errors(
    model: ModelName,
    dataset: Dataset = None,
    split: Annotated[str, typer.Option(help="Whose labels are doubted: train, val or test.")] = "val",
    count: Annotated[int, typer.Option(min=1, help="Most pictures for each reason.")] = 50,
    unsure_by: Annotated[str, typer.Option(help="margin: two classes are close; entropy: many are.")] = "margin",
    duplicates: Annotated[bool, typer.Option("--duplicates/--no-duplicates", help="Compare splits.")] = True,
    layer: Layer = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write all of it as CSV.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="Where to write a contact sheet as PNG.")] = None,
    runtime: Runtime = None,
    backend: Backend = None,
    json: Json = False,
) -> None:
    """Find wrong labels, confident mistakes, pictures in two splits, and unsure ones; changes nothing."""
    from digits_core.cli.progress import dataset_progress
    from digits_core.service.digits import Digits

    if unsure_by not in ("margin", "entropy"):
        raise typer.BadParameter(f"--unsure-by expects margin or entropy, found {unsure_by!r}.")
    require_outs(out, sheet)
    digits = Digits()
    asked = {"model": model, "dataset": dataset, "split": split, "layer": layer, "runtime": runtime, "backend": backend}
    with dataset_progress() as progress:
        view = digits.errors(asked, count=count, by=unsure_by, duplicates=duplicates, progress=progress)  # type: ignore[arg-type]
    for note in view.notes:
        say(note)
    if out is not None:
        write_out(out, _csv(view).encode("utf-8", "replace"))
    page = digits.sheet(view) if sheet is not None and view.findings else None
    if sheet is not None and page is not None:
        write_out(sheet, picture_bytes(page))
    show(view.to_dict(), _describe(view), json_wanted=json)
    for path in filter(None, (out, page and sheet)):
        say(f"Wrote {path}.")
    if out is not None and view.found["label"]:
        say(f"Look through it, then: digits dataset relabel {view.dataset} --file {out}")


def _describe(view: ErrorsView) -> str:
    lines = [
        f"{view.model} on {view.samples:,} {view.split} pictures of {view.dataset}@{view.version}",
        f"  accuracy   {percent(view.accuracy)}",
        f"  labels     {percent(view.noise)} are wrong, as far as the model can tell",
    ]
    if view.unknown:
        lines.append(f"  unknown    {view.unknown:,} pictures are of classes that the model does not know")
    for reason, title in TITLES.items():
        items = [(row, item) for row, item in enumerate(view.findings, 1) if item.reason == reason]
        lines += ["", f"{title}: {view.found[reason]:,}"]
        if items:
            lines.append(table(_HEADERS[reason], [(row, *_row(item)) for row, item in items[:MOST_ROWS]]))
    return "\n".join(lines)


_HEADERS = {
    "label": ("row", "picture", "label", "more likely", "given", "model says"),
    "mistake": ("row", "picture", "label", "taken for", "given", "model says"),
    "duplicate": ("row", "picture", "label", "also in", "alike", ""),
    "unsure": ("row", "picture", "label", "first guess", "given", "model says"),
}


def _row(item: FindingView) -> tuple[object, ...]:
    picture = f"{item.split}/{item.key}"
    if item.reason == "duplicate":
        return picture, item.label, item.other, percent(item.likeness), ""
    guess = item.to or item.predicted
    return picture, item.label, guess, percent(item.given_probability), percent(item.probability)


def _csv(view: ErrorsView) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(item.model_dump() for item in view.findings)
    return text.getvalue()
