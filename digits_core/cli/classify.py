"""``digits classify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digits_core.cli.options import Json
from digits_core.cli.output import say, show

if TYPE_CHECKING:
    from digits_core.service.views import ClassificationView


def classify(
    model: Annotated[str, typer.Argument(help="JOB, JOB@best, JOB@last, JOB@epoch-3, or an imported model.")],
    images: Annotated[list[Path], typer.Argument(help="Picture files.")],
    top: Annotated[int, typer.Option(min=1, help="Classes per picture.")] = 5,
    runtime: Annotated[
        str | None, typer.Option(help="Who computes: onnx, or native for a backend. [default: onnx where installed]")
    ] = None,
    backend: Annotated[str | None, typer.Option(help="Which backend computes, in place of ONNX Runtime.")] = None,
    json: Json = False,
) -> None:
    """Classify pictures. Exit status 1 where some could not be read, 2 where none could."""
    from digits_core.service.digits import Digits

    view = Digits().classify(model, images, top=top, runtime=runtime, backend=backend)
    for note in view.notes:
        say(note)
    errors = [prediction.error for prediction in view.predictions if prediction.error]
    for error in errors:
        say(f"Error: {error.message} {error.hint}")
    show(view.to_dict(), _describe(view), json_wanted=json)
    if errors:
        raise typer.Exit(2 if len(errors) == len(view.predictions) else 1)


def _describe(view: ClassificationView) -> str:
    lines = []
    for prediction in view.predictions:
        if prediction.error is None:
            lines.append(prediction.image)
            lines += [f"  {100 * guess.probability:8.4f} %  {guess.label}" for guess in prediction.top]
    return "\n".join(lines)
