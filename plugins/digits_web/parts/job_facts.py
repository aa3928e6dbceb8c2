"""What pages say of a job: its kind in words, how far it is, its accuracy and loss."""

from __future__ import annotations

from collections.abc import Mapping

from digits_core.errors import DigitsError, Problem
from digits_core.service.views.jobs import JobView

#: What the kinds of jobs are called.
KINDS = {
    "train": "training",
    "dataset": "dataset creation",
    "version": "new version",
    "evaluation": "evaluation",
    "export": "export",
    "classification": "classification",
    "top": "top pictures",
    "errors": "search for errors",
    "similar": "similar pictures",
    "rate": "search for a rate",
}
#: States in which a process works for a job.
ACTIVE = ("running", "starting", "pausing")
#: States in which a job can be aborted.
STOPPABLE = (*ACTIVE, "queued", "paused")
#: States in which a job is not over.
OPEN = (*STOPPABLE, "failed")
#: What is measured, as titles.
_SPLITS = {"train": "training", "val": "validation"}
_MEASURED = {"top5": "Among the first five"}
_TOLD = {
    "epoch": "Epochs done",
    "images_per_second": "Pictures per second",
    "first_step_s": "Seconds to the first step",
    "learning_rate": "Learning rate",
}


def accuracy(job: JobView) -> float | None:
    """The best accuracy of a job in validation; without any, what was measured last."""
    return measured(_best(job), "accuracy")


def loss(job: JobView) -> float | None:
    """The loss of a job at the moment of its `accuracy`."""
    return measured(_best(job), "loss")


def measured(metrics: Mapping[str, float], name: str) -> float | None:
    """One of the metrics of a moment: in validation, else in training.

    >>> measured({"train/loss": 0.5, "val/loss": 0.75}, "loss"), measured({}, "loss")
    (0.75, None)
    """
    # An evaluation measures without saying in which phase of training.
    return next((metrics[key] for key in (f"val/{name}", name, f"train/{name}") if key in metrics), None)


def progress(job: JobView) -> float:
    """How much of a job is done, in percent."""
    if job.total_steps:
        return 100.0 * job.step / job.total_steps
    return 100.0 * job.epoch / job.epochs if job.epochs else 0.0


def speed(job: JobView) -> str:
    """How fast a job works, or did on the whole once it is done; empty while nothing is done for it."""
    if not job.images_per_second or job.state not in ("running", "pausing", "done"):
        return ""
    return f"{job.images_per_second:,.0f} images/s{' on average' if job.state == 'done' else ''}"


def described(job: JobView) -> str:
    """What a job that trains nothing was asked, in a few words; empty for others."""
    return "" if job.kind == "train" else ": ".join(filter(None, (KINDS[job.kind], job.asked)))


def work_done(job: JobView) -> str:
    """What a job that trains nothing does now, and how far it is with that; else its state."""
    if job.state not in ACTIVE:
        return job.state.capitalize()
    counted = f"{job.step:,} of {job.total_steps:,} pictures" if job.total_steps else ""
    return " · ".join(filter(None, (job.doing.removesuffix(" …"), counted))) or job.state.capitalize()


def problems_of(job: JobView) -> DigitsError:
    """Why a job failed, as an error to be shown."""
    assert job.error is not None
    told = job.error.problems or ({"message": job.error.message, "hint": job.error.hint},)
    return DigitsError(*(Problem(item["message"], item.get("where", ""), item.get("hint", "")) for item in told))


def _best(job: JobView) -> Mapping[str, float]:
    return job.best.metrics if job.best and "val/accuracy" in job.best.metrics else job.metrics


def result_title(key: str) -> str:
    """A result in words, without the moment that it is of.

    >>> result_title("best val/accuracy"), result_title("train/loss"), result_title("images_per_second")
    ('Accuracy (validation)', 'Loss (training)', 'Pictures per second')
    """
    name = key.removeprefix("best ")
    where, _, what = name.partition("/")
    if where in _SPLITS:
        return f"{_MEASURED.get(what, what.capitalize())} ({_SPLITS[where]})"
    return _TOLD.get(name, name)
