"""The loop that trains, whatever the backend.

::

    1 sample stream → 2 batch → 3 placed ahead of time → 4 one step → 5 scores, unread
                                                                      ↓ at intervals
                                              7 control ← 6 read and log, validate, save
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from digits_core.contracts.backend import DeviceBatch, Program, State
from digits_core.dataset.loader import EvaluationLoader, TrainLoader
from digits_core.spec.job import JobSpec
from digits_core.store.job import Wish
from digits_core.training.meter import Meter, mean_scores
from digits_core.training.plan import TrainingPlan
from digits_core.training.prefetch import prefetch
from digits_core.training.record import Record
from digits_core.training.schedules import learning_rate
from digits_core.training.team import Team, Word

Fate = Literal["finished", "stopped-early", "paused", "aborted"]


@dataclass(frozen=True, slots=True)
class Training:
    """Everything the loop works with.

    Attributes:
        spec: The request.
        plan: Its steps.
        program: The network in its backend.
        training: Batches to train on.
        validation: Batches to validate on; None where there are none.
        record: Takes down what happens.
        meter: Collects scores.
        wish: What a person wants now; asked after every step.
        team: The processes that train together.
        beat: Shows that the worker lives; called at least once per batch.
        layers: Names of the network's layers in computing order.
        alone: Images per second that one device trains alone, where several train; 0: not known.
    """

    spec: JobSpec
    plan: TrainingPlan
    program: Program
    training: TrainLoader
    validation: EvaluationLoader | None
    record: Record
    meter: Meter
    wish: Callable[[], Wish | None]
    team: Team
    beat: Callable[[], None]
    layers: tuple[str, ...] = ()
    alone: float = 0.0


def train(run: Training, state: State, step: int) -> tuple[Fate, int]:
    """Train from ``state`` after ``step`` steps to the end, or until somebody wants otherwise.

    Returns:
        How it ended and the steps done. The last state is in a snapshot unless the run was aborted.

    Raises:
        LossNotFinite: If the loss is NaN or infinite.
        StorageUnusable: If a snapshot cannot be written.
    """
    plan, record, meter, team = run.plan, run.record, run.meter, run.team
    steps = range(step, step if record.stops_early else plan.total_steps)
    with closing(prefetch(lambda index: run.program.place(run.training.batch(index)), steps)) as batches:
        meter.restart()
        for batch in batches:
            rate = learning_rate(run.spec.schedule, run.spec.solver.rate, plan.percent(step))
            run.beat()
            state, scores = run.program.train_step(state, batch, rate, step)
            step += 1
            meter.add(scores)
            validates, saves = plan.validates_at(step), plan.saves_at(step)
            planned = validates or saves or plan.logs_at(step)
            wish, due = None, False
            if planned or team.meets(step):
                wish, due = team.agree(step, Word(run.wish(), meter.is_due()))
            if wish == "abort":
                return "aborted", step
            if planned or wish or due:
                record.logged(step, rate, meter.read())
                record.compared(meter, run.alone, team)
            if validates:
                record.validated(step, validate(run, state))
            if saves or wish or record.stops_early:
                if team.leads:
                    record.saved(step, run.program.save(state))
                meter.restart()
            if wish or record.stops_early:
                break
    if step == plan.total_steps:
        return "finished", step
    return ("stopped-early" if record.stops_early else "paused"), step


def validate(run: Training, state: State) -> dict[str, float]:
    """Score every validation picture exactly once, without training behaviour."""
    loader, program = run.validation, run.program
    assert loader is not None

    def place(index: int) -> DeviceBatch:
        run.beat()
        return program.place(loader.batch(index))

    with closing(prefetch(place, range(len(loader)))) as batches:
        metrics = mean_scores((program.evaluate_step(state, batch) for batch in batches), run.team.total)
    run.meter.restart()
    return metrics
