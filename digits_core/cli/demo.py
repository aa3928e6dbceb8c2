"""``digits demo``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digits_core.cli.options import Json
from digits_core.cli.output import number, percent, say, show, table

if TYPE_CHECKING:
    from digits_core.service.demo import DemoView


def demo(
    home: Annotated[Path | None, typer.Option(help="Where datasets and jobs go. [default: $DIGITS_HOME]")] = None,
    json: Json = False,
) -> None:
    """Train LeNet on real handwritten digits in every installed backend, offline, in minutes."""
    from digits_core.service.demo import run_demo
    from digits_core.service.digits import Digits

    view = run_demo(Digits(home), say)
    # Commands are printed so that they find what was made here.
    prefix = f"DIGITS_HOME={shlex.quote(view.home)} " if home else ""
    view = view.model_copy(update={"next": tuple(prefix + command for command in view.next)})
    show(view.to_dict(), _describe(view), json_wanted=json)
    if any(row.state != "done" for row in view.backends):
        raise typer.Exit(1)


def _describe(view: DemoView) -> str:
    rows = [
        (
            row.backend,
            f"{row.epochs:g}",
            percent(row.accuracy),
            number(row.loss, ".4f"),
            number(row.images_per_second, ",.0f"),
            number(row.first_step_s, ".2f"),
            number(row.weight_difference, ".1e"),
            row.error or row.state,
        )
        for row in view.backends
    ]
    header = ("backend", "epochs", "val accuracy", "val loss", "images/s", "first step s", "difference", "state")
    guesses = [
        (Path(guess.image).name, guess.label, guess.prediction, percent(guess.probability)) for guess in view.classified
    ]
    return "\n".join(
        [
            "",
            f"LeNet on dataset {view.dataset}, the same start and the same batches in every backend:",
            table(header, rows),
            "difference: largest of any weight to the first backend's after 20 steps; rounding, and what it decides.",
            "",
            "Pictures it was not trained on:",
            table(("picture", "shows", "taken for", "sure"), guesses, empty="none"),
            "",
            f"Done in {view.seconds:.0f} s. Try next:",
            *(f"  {command}" for command in view.next),
        ]
    )
