"""``--batch auto``: the largest useful batch size that fits, found by trying."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from digits_core.errors import CapabilityMissing
from digits_core.graph.codec import encode
from digits_core.scheduling.rehearsal import Rehearsal, rehearse, stage_for
from digits_core.service.capacity import Placement, estimate
from digits_core.service.resolve import ResolvedJob
from digits_core.store.home import Home
from digits_core.training.probe import ProbeReport, ProbeRequest
from digits_core.units import format_bytes

#: Most pictures per step that are tried, and what is tried first on a processor, where more is seldom faster.
MOST, FIRST_ON_CPU = 4096, 64
#: Most trials, seconds for each, and seconds after which no other is begun.
TRIALS, TRIAL_S, ALL_S = 8, 60.0, 180.0
#: By how much a doubled batch has to speed training up on a processor.
GAIN = 1.1
#: Share of the main memory that is free now which may be used.
SHARE = 0.8
#: Exit statuses of a process that memory ran out for: it was killed, or gave up.
_STARVED = (-9, -6)
PROBE = "digits_core.training.probe"
DOES_NOT_FIT = "does not fit"


@dataclass(frozen=True, slots=True)
class Trial:
    """How one batch size did.

    Attributes:
        batch: Pictures per step of one process.
        obstacle: Why it cannot be used, in words; empty: it can.
        memory_bytes: The most memory that the process had, where that could be measured.
        images_per_second: Pace of the process.
    """

    batch: int
    obstacle: str = ""
    memory_bytes: int | None = None
    images_per_second: float = 0.0


@dataclass(frozen=True, slots=True)
class Choice:
    """What was found.

    Attributes:
        trial: The best trial; it has an obstacle where every one has.
        limit: Why no larger batch was chosen, in words.
        larger: The larger batch that the words are about; 0: about none.
    """

    trial: Trial
    limit: str = ""
    larger: int = 0


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between what sizes is searched; powers of two.

    Attributes:
        start: What is tried first.
        most: What is tried at most.
        reason: Why not more, in words.
        gain: By how much a doubled batch has to be faster; 0: it need not be.
    """

    start: int
    most: int
    reason: str
    gain: float = 0.0


def settle_batch(resolved: ResolvedJob, home: Home, placement: Placement) -> tuple[ResolvedJob, str]:
    """The same job with a number for its batch size, and a sentence about it.

    Args:
        resolved: The job.
        home: Whose settings say in which interpreter its backend lives.
        placement: Where it would run; every process is given as much as the one that is tried.

    Raises:
        CapabilityMissing: If not even the smallest batch fits, or the backend refuses the job.
        WorkerDied: If a trial ended for another reason than memory.
    """
    spec = resolved.request.spec
    budget = memory_budget(placement)
    stage = stage_for(home, resolved.request.backend, placement.devices)
    probing = ProbeRequest(
        backend=resolved.request.backend,
        graph=encode(resolved.graph),
        solver=spec.solver,
        options=spec.options,
        kind=placement.kind,
        batch=1,
        cores=stage.cores,
    )

    def attempt(batch: int) -> Trial:
        asked = probing.model_copy(update={"batch": batch}).model_dump_json()
        return judge(batch, rehearse(stage, PROBE, asked, TRIAL_S), placement.kind, budget)

    within = bounds(resolved, placement, budget)
    choice = search(within, attempt)
    if choice.trial.obstacle:
        raise CapabilityMissing(
            f"--batch auto found none: {choice.trial.batch} {choice.trial.obstacle} on {placement.devices[0].name}.",
            where="batch",
            hint="Use --precision bf16, train on smaller pictures, or work through batches in parts (--accumulate 4).",
        )
    spec = spec.model_copy(update={"batch": choice.trial.batch * placement.total})
    request = resolved.request.model_copy(update={"spec": spec})
    return dataclasses.replace(resolved, request=request), describe(choice, resolved, placement, budget)


def memory_budget(placement: Placement) -> int | None:
    """What one process may take, in bytes; None where it is not known."""
    if placement.kind == "gpu":
        return placement.memory_bytes
    return int(SHARE * psutil.virtual_memory().available) // placement.processes


def bounds(resolved: ResolvedJob, placement: Placement, budget: int | None) -> Bounds:
    """Between what sizes a job's batch is searched."""
    spec, graph = resolved.request.spec, resolved.graph
    each = max(1, min(resolved.pictures, MOST) // placement.total)
    most, reason = _power_of_two(each), f"{MOST} pictures per step is the most that is tried"
    if resolved.pictures < MOST:
        reason = f"there are {resolved.pictures:,} training pictures"
    likely = most
    while likely > 1 and budget is not None and estimate(spec, graph, likely).total > budget:
        likely //= 2
    if placement.kind == "gpu":
        # One that does not fit does no harm there, and compilers may need less than is estimated.
        return Bounds(likely, most, reason)
    if likely < most:
        reason = f"{2 * likely} is not likely to fit"
    return Bounds(min(likely, FIRST_ON_CPU), likely, reason, GAIN)


def search(within: Bounds, attempt: Callable[[int], Trial]) -> Choice:
    """The largest size that fits, doubling and halving; growth ends where it gains too little.

    >>> choice = search(Bounds(64, 1024, "enough"), lambda batch: Trial(batch, "does not fit" if batch > 300 else ""))
    >>> choice.trial.batch, choice.larger, choice.limit
    (256, 512, 'does not fit')
    """
    end, left = time.monotonic() + ALL_S, TRIALS - 1
    best = attempt(within.start)
    larger: Trial | None = None
    while best.obstacle and best.batch > 1 and left and time.monotonic() < end:
        larger, left = best, left - 1
        best = attempt(best.batch // 2)
    if larger:
        return Choice(best, larger.obstacle, larger.batch)
    if best.obstacle:
        return Choice(best)
    while 2 * best.batch <= within.most:
        if not left or time.monotonic() > end:
            return Choice(best, "there was no time to try more")
        larger, left = attempt(2 * best.batch), left - 1
        if larger.obstacle:
            return Choice(best, larger.obstacle, larger.batch)
        if larger.images_per_second < within.gain * best.images_per_second:
            return Choice(best, "brings no more speed", larger.batch)
        best = larger
    return Choice(best, within.reason)


def judge(batch: int, rehearsal: Rehearsal, kind: str, budget: int | None) -> Trial:
    """What a trial says about a size.

    Args:
        batch: Pictures per step.
        rehearsal: How the probe ended.
        kind: Kind of device.
        budget: What it may take, in bytes.

    Raises:
        CapabilityMissing: If the backend refuses the job.
        WorkerDied: If the probe ended for another reason than memory or time.
    """
    if rehearsal.status is None:
        return Trial(batch, f"takes longer than {TRIAL_S:.0f} s to try")
    if rehearsal.status in _STARVED:
        return Trial(batch, DOES_NOT_FIT)
    hint = "Give the batch size as a number, for example --batch 64."
    report = rehearsal.answer(ProbeReport, f"The trial of batch {batch}", hint)
    if report.problem:
        raise CapabilityMissing(report.problem, hint=report.hint)
    # On a GPU it is the framework that says so; what the process has in main memory says nothing.
    memory = report.memory_bytes if kind == "cpu" else None
    if not report.fits or (memory is not None and budget is not None and memory > budget):
        return Trial(batch, DOES_NOT_FIT, memory)
    return Trial(batch, "", memory, batch / report.seconds_per_step)


def describe(choice: Choice, resolved: ResolvedJob, placement: Placement, budget: int | None) -> str:
    """What was found, in words."""
    trial, each = choice.trial, placement.total
    memory = trial.memory_bytes or estimate(resolved.request.spec, resolved.graph, trial.batch).total
    used = format_bytes(memory) if trial.memory_bytes else f"about {format_bytes(memory)}"
    of = f" of {format_bytes(budget)}" if budget else ""
    shares = f"{trial.batch} on each of {each} devices, " if each > 1 else ""
    limit = f"{choice.larger}{' on each' if each > 1 else ''} {choice.limit}" if choice.larger else choice.limit
    found = f"{used}{of} at {each * trial.images_per_second:,.0f} images/s; {limit}"
    return f"--batch auto: {each * trial.batch} ({shares}{found})."


def _power_of_two(most: int) -> int:
    """The largest power of two that is at most ``most``."""
    return 1 << (most.bit_length() - 1)
