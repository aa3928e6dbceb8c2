"""``digits evaluate``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digits_core.cli.options import AllowPrivate, Backend, Images, Json, ModelName, Prefix, Runtime
from digits_core.cli.output import percent, require_outs, say, show, table, write_out

if TYPE_CHECKING:
    from digits_core.service.views.evaluation import EvaluationView

#: Classes of the table for people; all of them are in --json.
MOST_CLASSES = 20


def evaluate(
    model: ModelName,
    images: Images = None,
    dataset: Annotated[str | None, typer.Option(help="Whose pictures. [default: what it was trained on]")] = None,
    split: Annotated[str | None, typer.Option(help="train, val or test. [default: val]")] = None,
    runtime: Runtime = None,
    backend: Backend = None,
    devices: Annotated[str, typer.Option(help="What a backend computes on: auto, cpu or gpu.")] = "auto",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where to write the scores of every class, .csv or .parquet."),
    ] = None,
    confusion: Annotated[Path | None, typer.Option(help="Where to write the confusion matrix as a .png.")] = None,
    prefix: Prefix = None,
    allow_private: AllowPrivate = False,
    detach: Annotated[bool, typer.Option("--detach", help="Queue the job and return at once.")] = False,
    json: Json = False,
) -> None:
    """Score a model on pictures whose classes are known: of a dataset, or files whose lists or folders name them.

    ONNX Runtime answers while others train on every device; a backend waits for a device as training does. Exit status
    1 where some files could not be read.
    """
    from digits_core.cli.progress import picture_progress
    from digits_core.cli.running import INTERRUPTED, Interruption, queue
    from digits_core.cli.training_progress import training_progress
    from digits_core.errors import JobFailed
    from digits_core.service.digits import Digits

    require_files(out, confusion, detach=detach)
    digits = Digits()
    if images:
        require_alone({"--dataset": dataset, "--split": split, "--devices": devices != "auto", "--detach": detach})
        files = {"images": tuple(images), "prefix": prefix, "allow_private": allow_private, "by_folder": True}
        with picture_progress() as shown:
            view = digits.evaluate_pictures(model, files, runtime=runtime, backend=backend, progress=shown)
        return _tell(view, out, confusion, json_wanted=json)
    wanted: dict[str, Any] = {"dataset": dataset, "split": split or "val", "runtime": runtime, "backend": backend}
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
    _tell(view, out, confusion, json_wanted=json)


def _tell(view: EvaluationView, out: Path | None, confusion: Path | None, *, json_wanted: bool) -> None:
    for note in view.notes:
        say(note)
    for error in view.errors:
        say(f"Error: {error.message} {error.hint}")
    if view.unlabelled:
        say(f"Nothing says the class of {view.unlabelled:,} pictures; they are not scored.")
    if view.unknown:
        named = ", ".join(f"{label} ({count:,})" for label, count in list(view.unknown_labels.items())[:10])
        say(f"{view.unknown:,} pictures are of classes that the model does not know; they are not scored: {named}.")
    _write(view, out, confusion)
    show(view.to_dict(), _describe(view), json_wanted=json_wanted)
    if view.errors:
        raise typer.Exit(1)


def require_alone(given: Mapping[str, object]) -> None:
    """Refuse what is said of datasets and jobs where files are scored, which takes none.

    Args:
        given: Options, with what was said; nothing where nothing was.

    Raises:
        SpecInvalid: With everything that is wrong.
    """
    from digits_core.errors import Problem, SpecInvalid, require

    hint = "Leave one of them out."
    require(
        (Problem(f"Files are scored without {key}.", key, hint) for key, value in given.items() if value), SpecInvalid
    )


def require_files(out: Path | None, confusion: Path | None, *, detach: bool) -> None:
    """Refuse files that cannot be written as they are asked for, before any work is done.

    Raises:
        SpecInvalid: With everything that is wrong with what they are to be.
        StorageUnusable: With everything that is wrong with where they are to be.
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
    require_outs(out, confusion)


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
    lines = [
        f"{view.model} on {view.samples:,} {view.subject}, computed by {view.backend}",
        *(f"  {name:<17}  {value:<8}  {ends}".rstrip() for name, value, ends in _scores(view)),
        f"Ranges: {100 * view.confidence:g} % {view.interval_method}; of means by MOVER, of the loss normal.",
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


def _scores(view: EvaluationView) -> Iterator[tuple[str, str, str]]:
    """Names of scores, what they are, and where they may lie."""
    ends = view.loss_interval
    yield "loss", f"{view.loss:.4f}", f"{ends[0]:.4f} to {ends[1]:.4f}" if ends else ""
    yield "accuracy", percent(view.accuracy), _range(view.accuracy_interval)
    if view.tells_top5:
        yield "top 5", percent(view.top5), _range(view.top5_interval)
    macro, calibration = view.macro, view.calibration
    yield "macro precision", percent(macro.precision), _range(macro.precision_interval)
    yield "macro recall", percent(macro.recall), _range(macro.recall_interval)
    yield "macro F1", percent(macro.f1), _range(macro.f1_interval)
    yield "calibration error", percent(calibration.error), _range(calibration.error_interval)


def _range(ends: tuple[float, float] | None) -> str:
    return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f} %" if ends else ""


def _confused(view: EvaluationView, most: int = 5) -> list[str]:
    """The classes that are taken for another most often."""
    pairs = [
        (count, view.labels[true], view.labels[taken])
        for true, row in enumerate(view.confusion)
        for taken, count in enumerate(row)
        if true != taken and count
    ]
    return [f"{count:,} × {true} taken for {taken}" for count, true, taken in sorted(pairs, reverse=True)[:most]]
