"""A job as a read model: what was asked, folded with what happened."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
from pathlib import Path

from digits_core.contracts.launcher import Launcher
from digits_core.errors import SnapshotDamaged
from digits_core.events.facts import (
    Fact,
    Noted,
    ProgramBuilt,
    Progressed,
    RunAborted,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStarted,
    Sampled,
    SnapshotSaved,
    TrainingLogged,
    Validated,
)
from digits_core.events.series import measured
from digits_core.scheduling.monitor import latest_usage
from digits_core.scheduling.states import Standing, standing
from digits_core.service.network_names import shown_name, told_name
from digits_core.service.views.jobs import JobView, SnapshotView, StartView, TrackerView, UsageView
from digits_core.service.views.view import ErrorView
from digits_core.spec.dataset import split_reference
from digits_core.store.about import read_about
from digits_core.store.job import JobFolder, JobRequest, TaskRequest
from digits_core.store.snapshots import SnapshotState, best_snapshot, list_snapshots
from digits_core.store.start import read_record
from digits_core.store.tracking import read_record as read_tracker
from digits_core.store.tracking import recorded_trackers


def start_view(folder: JobFolder) -> StartView | None:
    """What the job in ``folder`` starts from; None where that is no model, or nobody can tell any more."""
    request = folder.whole_request()
    if isinstance(request, TaskRequest) or request.spec.start is None:
        return None
    with contextlib.suppress(SnapshotDamaged):
        return StartView.model_validate(read_record(folder.path).model_dump())
    return None


def tracker_views(folder: JobFolder) -> tuple[TrackerView, ...]:
    """Who else was told, or will be, what happens in a job, and where to find it."""
    run = folder.run()
    names = dict.fromkeys((*recorded_trackers(folder.path), *(run.trackers if run else ())))
    return tuple(
        TrackerView(name=name, where=_place(folder.path, read_tracker(folder.path, name).where)) for name in names
    )


def job_view(folder: JobFolder, launcher: Launcher) -> JobView:
    """The job in ``folder`` as it stands."""
    return _summarized(folder, standing(folder, launcher)).model_copy(update=read_about(folder.path).model_dump())


def _summarized(folder: JobFolder, stands: Standing) -> JobView:
    # Before a run has begun the newest sample may be of the one before.
    usage = latest_usage(folder.usage_path) if stands.state in ("running", "pausing") else None
    request = folder.whole_request()
    if isinstance(request, TaskRequest):
        return summarize_task(request, stands, _scores(folder), usage)
    asked = request.spec.network or ""
    network = told_name(asked) if stands.run and stands.run.awaits else folder.network_name()
    return summarize(request, shown_name(network, asked), stands, list_snapshots(folder.snapshots_folder), usage)


def summarize_task(
    request: TaskRequest, stands: Standing, metrics: dict[str, float], usage: Sampled | None = None
) -> JobView:
    """Fold the request and journal of a job that trains nothing.

    Args:
        request: What was asked.
        stands: Its state and journal.
        metrics: What it has found.
        usage: What it is busy with.
    """
    progress = _Progress()
    for recorded in stands.facts:
        progress.add(recorded.fact)
    run, subject = progress.run, request.subject
    dataset, version = split_reference(subject.dataset)
    return JobView(
        kind=request.kind,
        job=request.id,
        name=request.id,
        state=stands.state,
        backend=subject.computes,
        devices=run.devices if run else (),
        network=subject.model,
        dataset=dataset,
        dataset_version=version or "",
        created=request.created,
        runs=run.run if run else 0,
        asked=subject.words,
        doing=progress.doing if stands.active else "",
        epoch=1.0 if stands.state == "done" else progress.step / progress.total if progress.total else 0.0,
        epochs=1,
        step=progress.step,
        total_steps=progress.total or None,
        metrics=metrics,
        images_per_second=progress.images_per_second,
        usage=_usage(usage),
        snapshots=(),
        notes=tuple(progress.notes),
        error=_error(stands.failure),
    )


def summarize(
    request: JobRequest,
    network: str,
    stands: Standing,
    snapshots: tuple[SnapshotState, ...],
    usage: Sampled | None = None,
) -> JobView:
    """Fold a job's request, journal and snapshots.

    Args:
        request: What was asked.
        network: What its network is called.
        stands: Its state and journal.
        snapshots: Its snapshots, oldest first.
        usage: What it is busy with.
    """
    progress = _Progress()
    for recorded in stands.facts:
        progress.add(recorded.fact)
    best = best_snapshot(snapshots)
    run = progress.run
    return JobView(
        job=request.id,
        name=request.spec.name or request.id,
        state=stands.state,
        priority=stands.run.priority if stands.run else request.spec.priority,
        backend=run.backend if run else request.backend,
        devices=run.devices if run else (),
        nodes=stands.run.nodes if stands.run else 1,
        network=network,
        dataset=split_reference(request.spec.dataset)[0],
        dataset_version=request.dataset_version,
        created=request.created,
        runs=run.run if run else 0,
        epoch=progress.epoch,
        epochs=request.spec.epochs,
        step=progress.step,
        total_steps=run.total_steps if run else None,
        metrics=progress.metrics,
        best=_snapshot(best) if best else None,
        learning_rate=progress.learning_rate,
        images_per_second=progress.images_per_second,
        first_step_s=progress.first_step_s,
        seconds_left=progress.seconds_left(request.spec.batch_size) if stands.active else None,
        usage=_usage(usage),
        snapshots=tuple(_snapshot(state) for state in snapshots),
        classes=len(request.labels) or None,
        compilation=progress.compilation,
        notes=tuple(progress.notes),
        error=_error(stands.failure),
    )


class _Progress:
    """The newest value of everything that facts tell."""

    def __init__(self) -> None:
        self.run: RunStarted | None = None
        self.step = self.total = 0
        self.doing = ""
        self.epoch = 0.0
        self.metrics: dict[str, float] = {}
        self.learning_rate: float | None = None
        self.images_per_second: float | None = None
        self.first_step_s: float | None = None
        self.compilation = ""
        self.notes: list[str] = []

    def add(self, fact: Fact) -> None:
        """Take one fact in."""
        match fact:
            case RunStarted():
                self.run, self.step, self.first_step_s = fact, fact.step, None
                self.total, self.doing = fact.total_steps, ""
            case Progressed():
                self.total, self.doing = fact.total or self.total, fact.doing or self.doing
            case ProgramBuilt():
                self.compilation = fact.compilation
            case Noted():
                self.notes.append(fact.message)
            case TrainingLogged():
                self.learning_rate, self.images_per_second = fact.learning_rate, _finite(fact.images_per_second)
                self.epoch = fact.epoch
            case RunFinished():
                self.images_per_second, self.first_step_s = _finite(fact.images_per_second), _finite(fact.first_step_s)
            case Validated() | SnapshotSaved():
                self.epoch = fact.epoch
            case RunPaused() | RunFailed() | RunAborted() | Sampled():
                pass
        self.metrics |= measured(fact)
        if not isinstance(fact, (ProgramBuilt, Noted, RunFailed, Sampled)):
            self.step = fact.step

    def seconds_left(self, batch: int) -> float | None:
        """At the newest speed."""
        if self.run is None or not self.images_per_second:
            return None
        return (self.run.total_steps - self.step) * batch / self.images_per_second


def _place(job: Path, where: str) -> str:
    """Where a tracker writes; folders of the job are recorded without the way to it."""
    return where if not where or "://" in where else str(job / where)


def _scores(folder: JobFolder) -> dict[str, float]:
    """What an evaluation has found, in three numbers."""
    try:
        found = json.loads((folder.path / "evaluation.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return {name: found[name] for name in ("loss", "accuracy", "top5")}


def _usage(usage: Sampled | None) -> UsageView | None:
    return UsageView.model_validate(dataclasses.asdict(usage)) if usage else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _snapshot(state: SnapshotState) -> SnapshotView:
    return SnapshotView(name=state.name, epoch=state.epoch, step=state.step, metrics=dict(state.metrics))


def _error(failure: RunFailed | None) -> ErrorView | None:
    if failure is None:
        return None
    status = failure.details.get("exit_status", 1)
    return ErrorView(message=failure.message, hint=failure.hint, exit_status=status if status in (1, 2) else 1)
