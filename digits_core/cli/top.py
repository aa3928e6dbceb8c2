"""``digits top``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digits_core.cli.options import Backend, Json, ModelName, Runtime
from digits_core.cli.output import percent, require_outs, say, show, table, write_out

if TYPE_CHECKING:
    from digits_core.service.views.classification import TopView


def top(
    model: ModelName,
    dataset: Annotated[
        str | None, typer.Argument(help="Whose pictures. [default: what it was trained on]", show_default=False)
    ] = None,
    split: Annotated[str, typer.Option(help="train, val or test.")] = "val",
    count: Annotated[int, typer.Option(min=1, max=1000, help="Pictures per class.")] = 9,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="Only this class; may be given several times.")
    ] = None,
    runtime: Runtime = None,
    backend: Backend = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where to write them: a mosaic (.png) or a table (.csv, .parquet)."),
    ] = None,
    json: Json = False,
) -> None:
    """Show the pictures that each class scores highest: what the model has learned to look for."""
    from digits_core.cli.progress import picture_progress
    from digits_core.service.digits import Digits
    from digits_core.service.tables import require_table

    digits = Digits()
    if out and out.suffix.lower() != ".png":
        require_table(out)
    require_outs(out)
    wanted: dict[str, Any] = {"dataset": dataset, "split": split, "count": count, "classes": tuple(classes or ())}
    with picture_progress() as progress:
        view = digits.top(model, wanted, runtime=runtime, backend=backend, progress=progress)
    for note in view.notes:
        say(note)
    if out:
        write_out(out, _content(out, view))
        say(f"Wrote {out}.")
        for note in _left_out(view) if out.suffix.lower() == ".png" else ():
            say(note)
    show(view.to_dict(), _describe(view), json_wanted=json)


def _content(out: Path, view: TopView) -> bytes:
    import io

    from digits_core.service.digits import Digits
    from digits_core.service.tables import table_bytes, top_columns

    if out.suffix.lower() != ".png":
        return table_bytes(out, top_columns(view))
    stream = io.BytesIO()
    Digits().mosaic(view).save(stream, "PNG")
    return stream.getvalue()


def _left_out(view: TopView) -> Iterator[str]:
    """What a mosaic has no room for."""
    from digits_core.service.top import mosaic_size

    rows, columns = mosaic_size(view)
    if rows < len(view.classes):
        yield f"It shows the first {rows} of {len(view.classes)} classes; choose others with --class."
    if columns < (found := max(len(one.pictures) for one in view.classes)):
        yield f"It shows the first {columns} of {found} pictures of each class; a table has all of them: -o top.csv."


def _describe(view: TopView) -> str:
    rows = [
        (
            one.label,
            percent(ranked.probability),
            "" if ranked.truth == one.label else ranked.truth,
            f"{view.split}/{ranked.image}",
        )
        for one in view.classes
        for ranked in one.pictures
    ]
    head = f"{view.model} on {view.samples:,} {view.split} pictures of {view.dataset}@{view.version}"
    return f"{head}\n\n{table(('class', 'score', 'is of', 'picture'), rows)}"
