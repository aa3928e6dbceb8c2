"""What pages say of a job: its kind in words, how far it is, its best accuracy and newest loss."""

from __future__ import annotations

from digits_core.service.views.jobs import JobView

#: What the kinds of jobs are called.
KINDS = {"train": "training", "dataset": "dataset creation", "evaluation": "evaluation"}
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


def _newest(job: JobView, name: str) -> tuple[float | None, ...]:
    # An evaluation measures without saying in which phase of training.
    return tuple(job.metrics.get(key) for key in (f"val/{name}", name, f"train/{name}"))
