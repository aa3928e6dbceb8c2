"""Jobs before they are made: what would come of a request, and one request for several jobs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from digits_core.errors import DigitsError, Problem, SpecInvalid
from digits_core.graph.native import native_of
from digits_core.service.capacity import Placement, estimate, memory_note
from digits_core.service.claimed import unclaimed_by
from digits_core.service.complaints import Complaints
from digits_core.service.resolve import ResolvedJob
from digits_core.service.views.choices import BackendView
from digits_core.service.views.plan import PlanView, ProblemView
from digits_core.spec.job import JobSpec
from digits_core.store.home import Home

#: Most jobs that one request may ask for.
MOST_JOBS = 100

Resolve = Callable[[JobSpec | Mapping[str, Any]], ResolvedJob]


def plan(
    request: JobSpec | Mapping[str, Any],
    resolve: Resolve,
    claims: Callable[[str], BackendView],
    place: Callable[[JobSpec, str], Placement],
) -> PlanView:
    """What would come of a request, and everything that is wrong with it.

    Args:
        request: The request.
        resolve: Makes a job of it that can be made, or refuses it.
        claims: Tells what a backend claims.
        place: For a request and a backend where it would run.
    """
    try:
        resolved = resolve(request)
    except DigitsError as wrong:
        # What can be said without the keys that are wrong helps to put them right.
        rest = _without(request, {problem.where for problem in wrong.problems})
        found = _figures(rest, resolve, place) if rest is not None else PlanView(problems=())
        problems = (*wrong.problems, *(Problem(p.message, p.where, p.hint) for p in found.problems))
        return found.model_copy(update={"problems": _views(problems)})
    spec, backend = resolved.request.spec, resolved.request.backend
    placement = place(spec, backend)
    view, offered = describe(resolved, placement), claims(backend)
    problems = unclaimed_by(offered, spec, resolved.graph, placement.total)
    return view.model_copy(update={"problems": _views(problems), "checked": offered.asked})


def describe(resolved: ResolvedJob, placement: Placement) -> PlanView:
    """A job that can be made, in numbers."""
    spec, graph = resolved.request.spec, resolved.graph
    shared = {
        "problems": (),
        "name": resolved.request.id,
        "network": graph.name,
        "dataset": spec.dataset.partition("@")[0],
        "dataset_version": resolved.request.dataset_version or None,
        "backend": resolved.request.backend,
        "devices": placement.total,
        "pictures": resolved.pictures or None,
        "memory_available_bytes": placement.memory_bytes,
        "notes": resolved.notes,
    }
    if not resolved.awaits:
        shared |= {"parameters": graph.parameter_count, "trained_parameters": graph.trained_count}
        shared |= {} if native_of(graph) else {"flops": graph.flops}
    return PlanView(**shared).model_copy(update=_with_batch(resolved, placement))


def _with_batch(resolved: ResolvedJob, placement: Placement) -> dict[str, Any]:
    """What can be said once the batch size is a number, and the pictures are there."""
    # Imported where it is needed: nothing else here knows how training is done.
    from digits_core.training.plan import TrainingPlan

    spec, notes = resolved.request.spec, resolved.notes
    if resolved.awaits:
        waiting = f"The dataset is being made by job {resolved.awaits}, and this one waits for it."
        return {"notes": (waiting, *notes)}
    if spec.batch == "auto":
        return {"notes": ("The batch size is looked for when the job is made, which takes a while.", *notes)}
    steps = TrainingPlan.of(spec, resolved.pictures)
    each = math.ceil(spec.batch_size / placement.total)
    return {
        "batch_size": spec.batch_size,
        "steps_per_epoch": steps.steps_per_epoch,
        "total_steps": steps.total_steps,
        "memory_bytes": estimate(spec, resolved.graph, each).total,
        "notes": (memory_note(spec, resolved.graph, placement), *notes),
    }


def several(
    request: JobSpec | Mapping[str, Any],
    rates: Sequence[float],
    batches: Sequence[int],
    home: Home,
    resolve: Resolve,
) -> list[ResolvedJob]:
    """A job for each combination of rates and batch sizes.

    Raises:
        RequestWrong: With everything that is wrong with any of them.
    """
    base = request.model_dump(mode="json", exclude_unset=True) if isinstance(request, JobSpec) else dict(request)
    variants = [
        (_suffix(rate, batch), _varied(base, rate, batch))
        for rate, batch in itertools.product(dict.fromkeys(rates) or [None], dict.fromkeys(batches) or [None])
    ]
    if len(variants) > MOST_JOBS:
        message = f"One request expects at most {MOST_JOBS} jobs, found {len(variants)}."
        raise SpecInvalid(message, hint="Name fewer rates or batch sizes.")
    complaints, found = Complaints(), []
    for _, variant in variants:
        with complaints.gathered():
            found.append(resolve({**variant, "name": None}))
    complaints.settle()
    wanted = str(base.get("name") or f"{found[0].request.spec.dataset.partition('@')[0]}-{found[0].graph.name}")
    name = _free_for_all(wanted, [suffix for suffix, _ in variants], home) if not base.get("name") else wanted
    for place, (suffix, variant) in enumerate(variants):
        with complaints.gathered():
            found[place] = resolve({**variant, "name": f"{name}{suffix}"})
    complaints.settle()
    return found


def _varied(base: Mapping[str, Any], rate: float | None, batch: int | None) -> dict[str, Any]:
    varied = dict(base)
    if rate is not None:
        solver = varied.get("solver", {"name": "sgd"})
        varied["solver"] = {**solver, "rate": rate} if isinstance(solver, Mapping) else solver
    if batch is not None:
        varied["batch"] = batch
    return varied


def _suffix(rate: float | None, batch: int | None) -> str:
    return ("" if rate is None else f"-lr{rate:g}".replace("+", "")) + ("" if batch is None else f"-b{batch}")


def _free_for_all(wanted: str, suffixes: Sequence[str], home: Home) -> str:
    """The wanted name, or one with a number after it, that no job has with any of the suffixes."""
    taken = {*home.job_ids(), *home.model_names()}
    names = (wanted[:70] if number == 1 else f"{wanted[:70]}-{number}" for number in itertools.count(1))
    return next(name for name in names if not any(f"{name}{suffix}" in taken for suffix in suffixes))


def _figures(request: Mapping[str, Any], resolve: Resolve, place: Callable[[JobSpec, str], Placement]) -> PlanView:
    """What can be said of what is left of a request; nothing where that is wrong too."""
    try:
        resolved = resolve(request)
        view = describe(resolved, place(resolved.request.spec, resolved.request.backend))
    except DigitsError:
        return PlanView(problems=())
    # A name that is made up for the rest is not the one that was asked for.
    return view.model_copy(update={"name": None})


def _without(request: JobSpec | Mapping[str, Any], places: set[str]) -> Mapping[str, Any] | None:
    """The request without the keys that problems lie in; None where it says nothing then."""
    data = request.model_dump(exclude_unset=True) if isinstance(request, JobSpec) else dict(request)
    wrong = {place.partition(".")[0] for place in places}
    rest = {key: value for key, value in data.items() if key not in wrong}
    needed = "dataset" in rest and ("network" in rest or "start" in rest)
    return rest if needed and len(rest) < len(data) else None


def _views(problems: Sequence[Problem]) -> tuple[ProblemView, ...]:
    found = dict.fromkeys(problems)
    return tuple(ProblemView(message=item.message, where=item.where, hint=item.hint) for item in found)
