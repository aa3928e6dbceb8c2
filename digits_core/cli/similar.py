"""``digits similar``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from digits_core.cli.errors import Backend, Dataset, Layer, Runtime
from digits_core.cli.options import Json, ModelName
from digits_core.cli.output import picture_bytes, require_outs, say, show, table, write_out


def similar(
    model: ModelName,
    image: Annotated[Path, typer.Argument(help="A picture file.")],
    dataset: Dataset = None,
    split: Annotated[str, typer.Option(help="Where to look: train, val or test.")] = "train",
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 9,
    layer: Layer = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write them as PNG.")] = None,
    runtime: Runtime = None,
    backend: Backend = None,
    json: Json = False,
) -> None:
    """Find the pictures of a dataset that a model finds most like another; a second search is quick."""
    from digits_core.cli.progress import dataset_progress
    from digits_core.service.digits import Digits

    require_outs(out)
    digits = Digits()
    asked = {"model": model, "dataset": dataset, "split": split, "layer": layer, "runtime": runtime, "backend": backend}
    with dataset_progress() as progress:
        view = digits.similar(asked, image, count=count, progress=progress)
    for note in view.notes:
        say(note)
    if out is not None and (page := digits.sheet(view)) is not None:
        write_out(out, picture_bytes(page))
        say(f"Wrote {out}.")
    rows = [(f"{item.split}/{item.key}", item.label, f"{item.similarity:.4f}") for item in view.neighbours]
    show(view.to_dict(), table(("picture", "label", "similarity"), rows), json_wanted=json)
