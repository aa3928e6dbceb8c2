"""What pages say of a job: its kind in words, how far it is, its best accuracy and newest loss."""

from __future__ import annotations

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
}
#: States in which a process works for a job.
ACTIVE = ("running", "starting", "pausing")
#: States in which a job is not over: it can be aborted.
OPEN = (*ACTIVE, "queued", "paused", "failed")


def accuracy(job: JobView) -> float | None:
    """The best accuracy of a job: in validation, else what was measured last."""
    best = job.best.metrics.get("val/accuracy") if job.best else None
    return next((value for value in (best, *_newest(job, "accuracy")) if value is not None), None)


def loss(job: JobView) -> float | None:
    """The newest loss of a job: in validation, else in training."""
    return next((value for value in _newest(job, "loss") if value is not None), None)


def progress(job: JobView) -> float:
    """How much of a job is done, in percent."""
    if job.total_steps:
        return 100.0 * job.step / job.total_steps
    return 100.0 * job.epoch / job.epochs if job.epochs else 0.0


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


def _newest(job: JobView, name: str) -> tuple[float | None, ...]:
    # An evaluation measures without saying in which phase of training.
    return tuple(job.metrics.get(key) for key in (f"val/{name}", name, f"train/{name}"))
