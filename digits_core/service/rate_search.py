"""``--find-rate``: a learning rate by a short sweep in a process of its own, before the job is made."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from digits_core.errors import CapabilityMissing, JobFailed
from digits_core.graph.codec import encode
from digits_core.scheduling.inventory import machine_devices
from digits_core.scheduling.rehearsal import rehearse, stage_for
from digits_core.service.capacity import Placement
from digits_core.service.rate_curve import nearest
from digits_core.service.resolve import ResolvedJob
from digits_core.service.views.jobs import RateView
from digits_core.spec.dataset import split_reference
from digits_core.store.home import Home
from digits_core.store.start import write_start
from digits_core.training.curve import Suggestion, smoothed, suggest_rate
from digits_core.training.sweep import SweepReport, SweepRequest

SWEEP = "digits_core.training.sweep"
#: Seconds after which a sweep is ended; it keeps to a fifth of that unless steps are slow.
PATIENCE_S = 600.0
HINT = "Give the learning rate as a number, for example --lr 0.01."


def placed_on(placement: Placement, devices: Sequence[str]) -> Placement:
    """The same with the devices that are given to whoever looks for a rate, if any are."""
    here = {device.id: device for device in machine_devices()}
    return dataclasses.replace(placement, devices=tuple(here[id] for id in devices)) if devices else placement


def find(
    resolved: ResolvedJob, home: Home, placement: Placement, waiting: Callable[[], None] = lambda: None
) -> RateView:
    """The rate that a sweep suggests.

    Args:
        resolved: The job; its batch size is a number.
        home: Whose settings say in which interpreter its backend lives.
        placement: Where it would run; one of its processes is tried, with the whole batch.
        waiting: Is called again and again meanwhile; raising from it ends the sweep.

    Raises:
        CapabilityMissing: If the backend refuses the job, or memory does not suffice.
        JobFailed: If the loss falls at no rate.
        WorkerDied: If there is no curve for another reason.
    """
    with TemporaryDirectory(prefix="digits-") as folder:
        report = _swept(resolved, home, placement, Path(folder), waiting)
    if report.problem:
        raise CapabilityMissing(report.problem, hint=report.hint)
    suggestion = suggest_rate(report.rates, report.losses)
    if suggestion is None:
        fell = f"fell at no rate up to {report.rates[-1]:g}" if report.rates else "was no number from the beginning"
        raise JobFailed(f"--find-rate found none: the loss {fell}.", hint=HINT)
    return _view(report, suggestion, resolved.request.spec.batch_size)


def _swept(
    resolved: ResolvedJob, home: Home, placement: Placement, folder: Path, waiting: Callable[[], None]
) -> SweepReport:
    """What a sweep found; the weights that it starts from, if any, reach it through ``folder``."""
    spec = resolved.request.spec
    stage = stage_for(home, resolved.request.backend, placement.devices)
    if resolved.start:
        write_start(folder, *resolved.start)
    asked = SweepRequest(
        job=resolved.request,
        graph=encode(resolved.graph),
        dataset=home.dataset_folder(split_reference(spec.dataset)[0]),
        start=folder if resolved.start else None,
        parts=min(spec.batch_size, spec.options.accumulate * placement.total),
        kind=placement.kind,
        cores=stage.cores,
    )
    swept = rehearse(stage, SWEEP, asked.model_dump_json(), PATIENCE_S, waiting)
    return swept.answer(SweepReport, "The sweep", HINT)


def describe(view: RateView) -> str:
    """What was found, in a sentence."""
    at = nearest(view, view.lowest)
    return (
        f"--find-rate: {view.rate:g}, a tenth of {view.lowest:.2g}, where the smoothed loss was lowest "
        f"({view.smoothed[at]:.4g}, from {view.smoothed[0]:.4g}); {len(view.rates)} steps of batch {view.batch} "
        f"in {view.seconds:.0f} s."
    )


def _view(report: SweepReport, suggestion: Suggestion, batch: int) -> RateView:
    return RateView(
        **suggestion.model_dump(),
        batch=batch,
        seconds=report.seconds,
        rates=report.rates,
        losses=report.losses,
        smoothed=tuple(smoothed(report.rates, report.losses).tolist()),
    )
