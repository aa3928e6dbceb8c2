"""``digits classify``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from digits_core.cli.options import AllowPrivate, Backend, Images, Json, ModelName, Prefix, Runtime, TableOut
from digits_core.cli.output import percent, require_outs, say, show, write_out

if TYPE_CHECKING:
    from digits_core.service.views.classification import ClassificationView, PredictionView

#: So many pictures are told with all their guesses; of more, each on one line.
SEVERAL = 20
#: Classes that are told of a picture, unless a number is asked for.
USUAL_TOP = 5


def classify(
    model: ModelName,
    images: Images = None,
    dataset: Annotated[str | None, typer.Option(help="Pictures of a dataset, instead.")] = None,
    split: Annotated[str, typer.Option(help="With --dataset: train, val or test.")] = "val",
    prefix: Prefix = None,
    by_folder: Annotated[
        bool, typer.Option("--by-folder", help="The folder that a picture lies in names its class.")
    ] = False,
    allow_private: AllowPrivate = False,
    top: Annotated[
        int | None,
        typer.Option(min=1, help="Classes per picture. [default: 5; of more than 20 pictures the first on one line]"),
    ] = None,
    runtime: Runtime = None,
    backend: Backend = None,
    out: TableOut = None,
    json: Json = False,
) -> None:
    """Classify pictures. Exit status 1 where some could not be read, 2 where none could."""
    from digits_core.cli.progress import picture_progress
    from digits_core.service.digits import Digits
    from digits_core.service.tables import prediction_columns, require_table, table_bytes
    from digits_core.spec.model import parse
    from digits_core.spec.pictures import PicturesSpec

    wanted: dict[str, Any] = {"images": tuple(images or ()), "prefix": prefix, "by_folder": by_folder}
    wanted |= {"allow_private": allow_private, "dataset": dataset, "split": split}
    if out:
        require_table(out)
        require_outs(out)
    spec = parse(PicturesSpec, wanted)
    with picture_progress() as progress:
        view = Digits().classify(model, spec, top=top or USUAL_TOP, runtime=runtime, backend=backend, progress=progress)
    for note in view.notes:
        say(note)
    errors = [prediction.error for prediction in view.predictions if prediction.error]
    for error in errors:
        say(f"Error: {error.message} {error.hint}")
    if out:
        write_out(out, table_bytes(out, prediction_columns(view)))
        say(f"Wrote {out}.")
    show(view.to_dict(), _describe(view, every=out is None, brief=top is None), json_wanted=json)
    if errors:
        raise typer.Exit(2 if len(errors) == len(view.predictions) else 1)


def _describe(view: ClassificationView, *, every: bool, brief: bool) -> str:
    """Guesses, unless a file has them, and how many are right."""
    read = [prediction for prediction in view.predictions if prediction.error is None]
    tell = _on_one_line if brief and len(view.predictions) > SEVERAL else _with_guesses
    lines = [line for prediction in read if every for line in tell(prediction)]
    return "\n".join([*lines, *_summary(view)])


def _with_guesses(prediction: PredictionView) -> list[str]:
    guesses = [f"  {100 * guess.probability:8.4f} %  {guess.label}" for guess in prediction.top]
    return [prediction.image + (f"  ({prediction.truth})" if prediction.truth is not None else ""), *guesses]


def _on_one_line(prediction: PredictionView) -> list[str]:
    best, truth = prediction.top[0], prediction.truth
    other = f"  not {truth}" if truth is not None and prediction.rank != 1 else ""
    return [f"{100 * best.probability:6.2f} %  {best.label}  {prediction.image}{other}"]


def _summary(view: ClassificationView) -> list[str]:
    lines = []
    if view.samples:
        right = f"{percent(view.accuracy)} right, {percent(view.top5)} among the first five"
        lines.append(f"{view.samples:,} pictures of known class: {right}")
    if view.unknown_labels:
        told = ", ".join(f"{label} ({count:,})" for label, count in list(view.unknown_labels.items())[:10])
        lines.append(f"Classes that the model does not know: {told}")
    return lines
