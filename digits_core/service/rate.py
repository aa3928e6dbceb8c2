"""The learning rate of a job that is about to be made: as it was given, scaled to the batch, or found."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from digits_core.errors import SpecInvalid

if TYPE_CHECKING:
    from digits_core.service.capacity import Placement
    from digits_core.service.resolve import ResolvedJob
    from digits_core.service.views.jobs import RateView
    from digits_core.spec.job import JobSpec
    from digits_core.store.home import Home

#: Warm-up that goes with a scaled rate, percent of training: Goyal's 5 epochs of 90.
WARMUP = 5
#: Solvers whose steps are as long as the gradient, or as the weights, so that their rates grow as the batch does.
LINEAR = frozenset({"sgd", "nesterov", "lars"})


@dataclass(frozen=True, slots=True)
class Usual:
    """A batch size, and the rate that goes with it.

    Attributes:
        batch: Pictures per step.
        rate: The rate; None: the solver's default.
    """

    batch: int = 64
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class RateWish:
    """What a person wants of the learning rate.

    Attributes:
        rule: As it is given; scaled from the usual batch to the job's; or found by a sweep.
        usual: What the given rate is meant for.
    """

    rule: Literal["given", "scaled", "found"] = "given"
    usual: Usual = Usual()


GIVEN = RateWish()


def settle_rate(
    resolved: ResolvedJob, home: Home, placement: Placement | None, wish: RateWish, tell: Callable[[str], None]
) -> tuple[ResolvedJob, RateView | None, str]:
    """The same job with its learning rate, the curve that it was found by, and a sentence where it was not just given.

    Args:
        resolved: The job; its batch size is a number.
        home: Whose settings say in which interpreter its backend lives.
        placement: Where it would run; None: its dataset is being made.
        wish: What is wanted.
        tell: Tells a person what happens.

    Raises:
        SpecInvalid: If a rate is to be found and the dataset is being made.
        DigitsError: If a rate was to be found and was not.
    """
    if wish.rule == "scaled":
        return scale(resolved, wish.usual)
    if wish.rule == "given":
        if offered := offer(resolved, wish.usual):
            tell(offered)
        return resolved, None, ""
    require_dataset(resolved)
    assert placement is not None
    # Imported where it is needed: nothing else here knows how training is done.
    from digits_core.service.rate_curve import table
    from digits_core.service.rate_search import describe, find

    tell("Looking for a learning rate (--find-rate) …")
    curve = find(resolved, home, placement)
    tell(table(curve))
    return with_rate(resolved, curve.rate), curve, describe(curve)


def require_dataset(resolved: ResolvedJob) -> None:
    """Refuse to look for the rate of a job whose dataset is being made.

    Raises:
        SpecInvalid: If it is.
    """
    if resolved.awaits:
        hint = f"Wait until job {resolved.awaits} has made it, or give the rate as a number."
        message = f"--find-rate expects a dataset that is there, and {resolved.request.spec.dataset} is being made."
        raise SpecInvalid(message, where="--find-rate", hint=hint)


def scaled_rate(spec: JobSpec, usual: Usual) -> float:
    """The rate of ``spec``, meant for the usual batch, at its own batch.

    ``rate·k`` for a batch k times as large: Goyal et al., *Accurate, Large Minibatch SGD*, 2017,
    https://arxiv.org/abs/1706.02677. ``rate·√k`` for solvers that divide the gradient by its own size: Malladi et al.,
    *On the SDEs and Scaling Rules for Adaptive Gradient Algorithms*, 2022, https://arxiv.org/abs/2205.10287.

    >>> from digits_core.spec.job import JobSpec
    >>> scaled_rate(JobSpec(dataset="d", network="n", batch=256), Usual())
    0.04
    """
    k = spec.batch_size / usual.batch
    return float(f"{spec.solver.rate * (k if spec.solver.name in LINEAR else math.sqrt(k)):.4g}")


def with_rate(resolved: ResolvedJob, rate: float) -> ResolvedJob:
    """The same job with another rate; the weight decay stays, also where it was a share of the rate."""
    spec = resolved.request.spec
    solver = spec.solver.model_copy(update={"rate": rate, "decay": spec.solver.weight_decay})
    spec = spec.model_copy(update={"solver": solver})
    return dataclasses.replace(resolved, request=resolved.request.model_copy(update={"spec": spec}))


def scale(resolved: ResolvedJob, usual: Usual) -> tuple[ResolvedJob, None, str]:
    """The job with its rate scaled to its batch, and a sentence about it."""
    spec = resolved.request.spec
    rate = scaled_rate(spec, usual)
    told = (
        f"--scale-rate: {rate:g} at batch {spec.batch_size}, for {spec.solver.rate:g} at {usual.batch} "
        f"({_rule(spec)}). Weight decay stays {spec.solver.weight_decay:g}."
    )
    return with_rate(resolved, rate), None, told


def offer(resolved: ResolvedJob, usual: Usual) -> str:
    """What to say about a rate that is usual for a smaller batch; empty: nothing."""
    spec = resolved.request.spec
    rate = type(spec.solver)(name=spec.solver.name).rate if usual.rate is None else usual.rate
    if spec.batch_size <= usual.batch or spec.solver.rate != rate:
        return ""
    warm = "" if spec.schedule.warmup else f", best with a warm-up (schedule.warmup {WARMUP})"
    return (
        f"The learning rate belongs to the batch size: {rate:g} is for {usual.batch}, and stays as it is at "
        f"{spec.batch_size}. --scale-rate trains with {scaled_rate(spec, usual):g} ({_rule(spec)}){warm}."
    )


def _rule(spec: JobSpec) -> str:
    return "linear scaling rule" if spec.solver.name in LINEAR else f"square root rule, as {spec.solver.name} divides"
