"""``digits evaluate``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digits_core.cli.options import Json
from digits_core.cli.output import percent, say, show, table

if TYPE_CHECKING:
    from digits_core.service.views import EvaluationView

#: Classes of the table for people; all of them are in --json.
MOST_CLASSES = 20


def evaluate(
    model: Annotated[str, typer.Argument(help="JOB, JOB@best, JOB@last or JOB@epoch-3.")],
    dataset: Annotated[str | None, typer.Option(help="Whose pictures. [default: what it was trained on]")] = None,
    split: Annotated[str, typer.Option(help="train, val or test.")] = "val",
    backend: Annotated[str | None, typer.Option(help="Who computes. [default: the job's own]")] = None,
    devices: Annotated[str, typer.Option(help="auto, cpu or gpu.")] = "auto",
    detach: Annotated[bool, typer.Option("--detach", help="Queue the job and return at once.")] = False,
    json: Json = False,
) -> None:
    """Score a model on pictures whose classes are known; it waits for its turn as training does."""
    from digits_core.cli.progress import training_progress
    from digits_core.cli.running import INTERRUPTED, Interruption, queue
    from digits_core.errors import JobFailed
    from digits_core.service.digits import Digits

    digits = Digits()
    wanted = {"dataset": dataset, "split": split, "backend": backend, "devices": devices}
    if detach:
        return queue(digits, lambda: digits.submit_evaluation(model, **wanted), json_wanted=json)  # type: ignore[arg-type]
    with training_progress() as progress, Interruption(digits, progress) as interruption:
        try:
            view = digits.evaluate(model, **wanted, watcher=interruption)  # type: ignore[arg-type]
        except JobFailed as stopped:
            if not interruption.count:
                raise
            say(str(stopped))
            raise typer.Exit(INTERRUPTED) from None
    if view.unknown:
        say(f"{view.unknown:,} pictures are of classes that the model does not know; they are not scored.")
    show(view.to_dict(), _describe(view), json_wanted=json)


def _describe(view: EvaluationView) -> str:
    lines = [
        f"{view.model} on {view.samples:,} {view.split} pictures of {view.dataset}",
        f"  loss       {view.loss:.4f}",
        f"  accuracy   {percent(view.accuracy)}",
        f"  top 5      {percent(view.top5)}",
        "",
    ]
    worst = sorted(view.per_class, key=lambda scores: scores.f1)[:MOST_CLASSES]
    rows = [(s.label, percent(s.precision), percent(s.recall), percent(s.f1), s.support) for s in worst]
    lines.append(table(("class, worst first", "precision", "recall", "F1", "pictures"), rows, empty=""))
    if confused := _confused(view):
        lines += ["", *confused]
    return "\n".join(lines)


def _confused(view: EvaluationView, most: int = 5) -> list[str]:
    """The classes that are taken for another most often."""
    pairs = [
        (count, view.labels[true], view.labels[taken])
        for true, row in enumerate(view.confusion)
        for taken, count in enumerate(row)
        if true != taken and count
    ]
    return [f"{count:,} × {true} taken for {taken}" for count, true, taken in sorted(pairs, reverse=True)[:most]]
