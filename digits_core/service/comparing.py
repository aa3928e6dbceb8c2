"""Several jobs side by side: what was asked for differently, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from digits_core.service.views.jobs import JobView
from digits_core.service.views.plan import ComparisonView, DifferenceView, ResultView

#: The metric by which the best snapshot of a job is found.
CHOOSES = "val/accuracy"
#: What is told of each job beside what it has measured: where it is in a view, and what is better.
_TOLD: tuple[tuple[str, Callable[[JobView], float | None], str], ...] = (
    ("epoch", lambda job: job.epoch, ""),
    ("images_per_second", lambda job: job.images_per_second, "higher"),
    ("first_step_s", lambda job: job.first_step_s, "lower"),
)


def compare(jobs: Sequence[JobView], requests: Sequence[Mapping[str, Any]]) -> ComparisonView:
    """Jobs and their requests, side by side."""
    flat = [{**dict(_flat(request)), **_ran(job)} for job, request in zip(jobs, requests, strict=True)]
    keys = dict.fromkeys(key for one in flat for key in one if key != "name")
    rows = [(key, tuple(one.get(key) for one in flat)) for key in keys]
    differing = tuple(
        DifferenceView(key=key, values=values) for key, values in rows if any(value != values[0] for value in values)
    )
    return ComparisonView(jobs=tuple(jobs), differing=differing, results=tuple(_results(jobs)))


def _ran(job: JobView) -> dict[str, Any]:
    """What ``auto`` became, and what a later run changed."""
    return {"dataset_version": job.dataset_version, "backend": job.backend, "devices": ", ".join(job.devices)}


def _flat(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value under its whole key.

    >>> dict(_flat({"seed": 0, "solver": {"name": "sgd", "rate": 0.1}}))
    {'seed': 0, 'solver.name': 'sgd', 'solver.rate': 0.1}
    """
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _results(jobs: Sequence[JobView]) -> Iterator[ResultView]:
    bests = [job.best.metrics if job.best else {} for job in jobs]
    for prefix, metrics in (("best ", bests), ("", [job.metrics for job in jobs])):
        measured = list(zip(jobs, metrics, strict=True))
        for name in dict.fromkeys(name for job, found in measured for name in found if job.tells(name)):
            better = "lower" if "/loss" in name else "higher"
            if prefix and name != CHOOSES:
                better = ""  # The snapshot is the best by another metric, so this may well have been better elsewhere.
            yield _result(f"{prefix}{name}", [found.get(name) for found in metrics], better)
    for name, told, better in _TOLD:
        if any(told(job) is not None for job in jobs):
            yield _result(name, [told(job) for job in jobs], better)


def _result(key: str, values: Sequence[float | None], better: str) -> ResultView:
    known = {value for value in values if value is not None}
    if not better or len(known) < 2:
        return ResultView(key=key, values=tuple(values))
    best = max(known) if better == "higher" else min(known)
    return ResultView(key=key, values=tuple(values), best=tuple(n for n, value in enumerate(values) if value == best))
