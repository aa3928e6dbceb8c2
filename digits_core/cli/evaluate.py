"""``digits evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digits_core.cli.options import Backend, Json, Runtime
from digits_core.cli.output import percent, say, show, table, write_out

if TYPE_CHECKING:
    from digits_core.service.views.evaluation import EvaluationView

#: Classes of the table for people; all of them are in --json.
MOST_CLASSES = 20


def evaluate(
    model: Annotated[str, typer.Argument(help="JOB, JOB@best, JOB@last or JOB@epoch-3.")],
    dataset: Annotated[str | None, typer.Option(help="Whose pictures. [default: what it was trained on]")] = None,
    split: Annotated[str, typer.Option(help="train, val or test.")] = "val",
    runtime: Runtime = None,
    backend: Backend = None,
    devices: Annotated[str, typer.Option(help="What a backend computes on: auto, cpu or gpu.")] = "auto",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where to write the scores of every class, .csv or .parquet."),
    ] = None,
    confusion: Annotated[Path | None, typer.Option(help="Where to write the confusion matrix as a .png.")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Queue the job and return at once.")] = False,
    json: Json = False,
) -> None:
    """Score a model on pictures whose classes are known.

    ONNX Runtime answers while others train on every device; a backend waits for a device as training does.
    """
    from digits_core.cli.running import INTERRUPTED, Interruption, queue
    from digits_core.cli.training_progress import training_progress
    from digits_core.errors import JobFailed
    from digits_core.service.digits import Digits

    require_files(out, confusion, detach=detach)
    digits = Digits()
    wanted: dict[str, Any] = {"dataset": dataset, "split": split, "runtime": runtime, "backend": backend}
    wanted["devices"] = devices
    if detach:
        return queue(digits, lambda: digits.submit_evaluation(model, **wanted), json_wanted=json)
    with training_progress() as progress, Interruption(digits, progress) as interruption:
        try:
            view = digits.evaluate(model, **wanted, watcher=interruption)
        except JobFailed as stopped:
            if not interruption.count:
                raise
            say(str(stopped))
            raise typer.Exit(INTERRUPTED) from None
    if view.unknown:
        named = ", ".join(f"{label} ({count:,})" for label, count in list(view.unknown_labels.items())[:10])
        say(f"{view.unknown:,} pictures are of classes that the model does not know; they are not scored: {named}.")
    _write(view, out, confusion)
    show(view.to_dict(), _describe(view), json_wanted=json)


def require_files(out: Path | None, confusion: Path | None, *, detach: bool) -> None:
    """Refuse files that cannot be written as they are asked for, before any work is done.

    Raises:
        SpecInvalid: With everything that is wrong.
    """
    from digits_core.errors import Problem, SpecInvalid, require
    from digits_core.service.tables import is_table

    problems = []
    if out and not is_table(out):
        problems.append(
            Problem(f"{out.name} is expected to be CSV or Parquet.", "--out", "End it in .csv or .parquet.")
        )
    if confusion and confusion.suffix.lower() != ".png":
        problems.append(Problem(f"{confusion.name} is expected to be a PNG.", "--confusion", "End it in .png."))
    if detach and (out or confusion):
        problems.append(Problem("--detach leaves nothing to write files of.", "--detach", "Leave one of them out."))
    require(problems, SpecInvalid)


def _write(view: EvaluationView, out: Path | None, confusion: Path | None) -> None:
    from digits_core.service.confusion import confusion_png
    from digits_core.service.tables import class_columns, table_bytes

    if out:
        write_out(out, table_bytes(out, class_columns(view)))
        say(f"Wrote {out}.")
    if confusion:
        write_out(confusion, confusion_png(view))
        say(f"Wrote {confusion}.")


def _describe(view: EvaluationView) -> str:
    pictures = f"{view.samples:,} {view.split} pictures of {view.dataset}@{view.version}"
    lines = [
        f"{view.model} on {pictures}, computed by {view.backend}",
        f"  loss         {view.loss:.4f}",
        f"  accuracy     {percent(view.accuracy)}   {_range(view.accuracy_interval)}",
        *([f"  top 5        {percent(view.top5)}   {_range(view.top5_interval)}"] if view.tells_top5 else []),
        f"  macro        precision {percent(view.macro.precision)}, recall {percent(view.macro.recall)}, "
        f"F1 {percent(view.macro.f1)}",
        f"  calibration  error {percent(view.calibration.error)}",
        f"Ranges: {100 * view.confidence:g} % {view.interval_method}.",
        "",
    ]
    worst = sorted(view.per_class, key=lambda scores: scores.f1)[:MOST_CLASSES]
    rows = [
        (s.label, percent(s.precision), percent(s.recall), _range(s.recall_interval), percent(s.f1), s.support)
        for s in worst
    ]
    lines.append(table(("class, worst first", "precision", "recall", "its range", "F1", "pictures"), rows, empty=""))
    if confused := _confused(view):
        lines += ["", *confused]
    return "\n".join(lines)


def _range(ends: tuple[float, float]) -> str:
    return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f} %"


def _confused(view: EvaluationView, most: int = 5) -> list[str]:
    """The classes that are taken for another most often."""
    pairs = [
        (count, view.labels[true], view.labels[taken])
        for true, row in enumerate(view.confusion)
        for taken, count in enumerate(row)
        if true != taken and count
    ]
    return [f"{count:,} × {true} taken for {taken}" for count, true, taken in sorted(pairs, reverse=True)[:most]]
