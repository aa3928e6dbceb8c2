"""The sweep: ``python -m digits_core.training.sweep`` trains for a moment with a rate that rises from step to step.

It reads a `SweepRequest` and writes a `SweepReport`, both JSON; see `digits_core.training.rehearsed`. What trains is
the job as it would begin: its network with its first weights, in its backend, on its batches from the first one on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import Field

from digits_core.contracts.backend import Arrays, BuildContext, DeviceBatch, Program
from digits_core.dataset.opened import open_dataset
from digits_core.errors import DigitsError
from digits_core.graph.codec import decode
from digits_core.graph.memory import LESS_MEMORY
from digits_core.graph.native import JOB_OPS
from digits_core.hooks.registry import discover
from digits_core.hooks.solvers import with_known_solver
from digits_core.spec.model import Spec
from digits_core.store.job import JobRequest
from digits_core.training.curve import blows_up, rates_between
from digits_core.training.diagnosis import is_out_of_memory
from digits_core.training.prefetch import prefetch
from digits_core.training.preparation import first_arrays, training_loader
from digits_core.training.rehearsed import Placed, device_of, reply

#: Steps before the rate rises, of which the first may compile and the others show the pace.
FIRST_STEPS = 3


class SweepRequest(Placed):
    """What is tried."""

    job: JobRequest
    """The job as it would be made."""
    graph: dict[str, Any]
    """The network, as `digits_core.graph.codec` writes it."""
    dataset: Path
    """Folder of the dataset."""
    start: Path | None = None
    """Folder of the weights that the job starts from; empty: it starts as a new network does."""
    parts: int = Field(default=1, ge=1)
    """Parts that a batch is worked through in, so that one device bears what several would."""
    lowest: float = Field(default=1e-7, gt=0)
    """The first rate."""
    highest: float = Field(default=10, gt=0)
    """The last rate."""
    steps: int = Field(default=120, ge=2)
    """Rates that are tried at most, one step each."""
    least: int = Field(default=60, ge=2)
    """Rates that are tried at least, however few pictures there are and however long a step takes."""
    epochs: float = Field(default=10, gt=0)
    """Epochs that are used at most, if that leaves the least number of rates."""
    seconds: float = Field(default=120, gt=0)
    """How long it takes at most, about, if that leaves the least number of rates."""


class SweepReport(Spec):
    """What was found."""

    rates: tuple[float, ...] = ()
    """Every rate that was tried, rising."""
    losses: tuple[float, ...] = ()
    """The loss before the step of each."""
    seconds: float = 0.0
    """How long the steps took."""
    problem: str = ""
    """Why there is no curve."""
    hint: str = ""
    """What to do about that."""


def sweep(request: SweepRequest) -> SweepReport:
    """Train with rising rates until they end or the loss blows up; a refusal and a full memory are answers."""
    try:
        return _trained(request)
    except DigitsError as reason:
        return SweepReport(problem=" ".join(problem.message for problem in reason.problems), hint=reason.hint)
    except Exception as reason:
        if is_out_of_memory(reason):
            return SweepReport(problem="The device's memory is full.", hint=LESS_MEMORY)
        raise


def _trained(request: SweepRequest) -> SweepReport:
    plugins, graph = discover(), decode(request.graph, ops=JOB_OPS)
    spec = with_known_solver(request.job.spec, plugins.solvers)
    dataset = open_dataset(request.dataset, request.job.dataset_version)
    loader = training_loader(spec, dataset.split("train"))
    backend = plugins.backends.get(request.job.backend)()
    context = BuildContext(device_of(backend, request.kind), spec.seed, spec.batch_size)
    options = spec.options.model_copy(update={"accumulate": request.parts})
    program = backend.build(graph, spec.solver, options, context)
    batches = prefetch(lambda step: program.place(loader.batch(step)), count())
    with closing(program), closing(batches):
        step = _stepper(program, first_arrays(graph, spec.seed, dataset, request.start), batches)
        used = request.epochs * dataset.manifest.splits["train"] / spec.batch_size
        return _swept(step, request, min(request.steps, int(used)))


def _stepper(program: Program, arrays: Arrays, batches: Iterator[DeviceBatch]) -> Callable[[float], float]:
    """Takes the rate of one more step of training, and gives the mean loss before it."""
    state, done = program.load(arrays), count()

    def step(rate: float) -> float:
        nonlocal state
        state, scores = program.train_step(state, next(batches), rate, next(done))
        return float(scores["loss"]) / float(scores["samples"])

    return step


def _swept(step: Callable[[float], float], request: SweepRequest, most: int) -> SweepReport:
    began = time.perf_counter()
    pace = min([_seconds(step, request.lowest) for _ in range(FIRST_STEPS)][1:])
    tried = max(request.least, min(most, int(request.seconds / pace)))
    rates, losses = rates_between(request.lowest, request.highest, tried), list[float]()
    for rate in rates:
        losses.append(step(rate))
        if blows_up(losses):
            break
    kept = [loss for loss in losses if math.isfinite(loss)]
    return SweepReport(rates=tuple(rates[: len(kept)]), losses=tuple(kept), seconds=time.perf_counter() - began)


def _seconds(step: Callable[[float], float], rate: float) -> float:
    began = time.perf_counter()
    step(rate)
    return time.perf_counter() - began


if __name__ == "__main__":
    reply(SweepRequest, sweep)
