"""What happens at which step: a pure function of the request and the number of training pictures.

Requests count in epochs, the loop counts in steps. One epoch is ``count / batch`` steps, which need not be a whole
number; the k-th event of an interval happens at step ``round(k · every · count / batch)``, halves up, and at most once
per step. Everything is computed in exact fractions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from digits_core.errors import SpecInvalid
from digits_core.spec.job import JobSpec

#: At least so many log points per epoch, and never more steps between two.
LOGS_PER_EPOCH, LOG_STEPS = 8, 100


@dataclass(frozen=True, slots=True)
class Interval:
    """An event that comes again and again.

    Attributes:
        steps: Steps from one to the next; 0: never.
    """

    steps: Fraction

    def number(self, step: int) -> int | None:
        """Which of the events happens at ``step``, from 1; None if none does.

        >>> third = Interval(Fraction(5, 2))
        >>> [third.number(step) for step in range(1, 11)]
        [None, None, 1, None, 2, None, None, 3, None, 4]
        """
        p, q = self.steps.numerator, self.steps.denominator
        if not p:
            return None
        k = max(-((q - 2 * q * step) // (2 * p)), 1)
        return k if (2 * k * p + q) // (2 * q) == step else None


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """The steps of a training; make one with `TrainingPlan.of`.

    Attributes:
        count: Pictures in the training split.
        batch: Pictures per step.
        epochs: Epochs that were asked for.
        total_steps: Steps from the start to the end.
        log_steps: Steps between log points.
        validation: When validation happens; the last step comes in addition.
        snapshot: When snapshots are taken; the last step comes in addition.
    """

    count: int
    batch: int
    epochs: float
    total_steps: int
    log_steps: int
    validation: Interval
    snapshot: Interval

    @classmethod
    def of(cls, spec: JobSpec, count: int, *, validates: bool = True) -> TrainingPlan:
        """The plan of ``spec`` for ``count`` training pictures.

        Args:
            spec: The request.
            count: Pictures in the training split.
            validates: Whether there is anything to validate on.

        Raises:
            SpecInvalid: If a batch holds more pictures than there are.

        >>> plan = TrainingPlan.of(JobSpec(dataset="d", network="n", epochs=2.5, batch=64), 1000)
        >>> plan.total_steps, plan.epoch(39), [step for step in range(40) if plan.saves_at(step)]
        (39, 2.496, [16, 31, 39])
        """
        if spec.batch_size > count:
            raise SpecInvalid(
                f"batch expects at most the {count} training pictures of dataset {spec.dataset}, found {spec.batch}.",
                where="batch",
                hint=f"Ask for a batch of {max(count, 1)} or fewer.",
            )
        epoch = Fraction(count, spec.batch_size)
        total = max(1, _half_up(_exact(spec.epochs) * epoch))
        log_steps = max(1, min(int(epoch / LOGS_PER_EPOCH), LOG_STEPS))
        validation = Interval(_exact(spec.validate_every) * epoch if validates else Fraction(0))
        return cls(
            count,
            spec.batch_size,
            spec.epochs,
            total,
            log_steps,
            validation,
            Interval(_exact(spec.snapshots.every) * epoch),
        )

    @property
    def steps_per_epoch(self) -> int:
        """Steps of an epoch, rounded; at least 1."""
        return max(1, _half_up(Fraction(self.count, self.batch)))

    def epoch(self, step: int) -> float:
        """Epochs that are done after ``step`` steps: pictures used / pictures there are."""
        return step * self.batch / self.count

    def percent(self, step: int) -> float:
        """Percent of training that is done after ``step`` steps."""
        return 100 * step / self.total_steps

    def logs_at(self, step: int) -> bool:
        """Whether progress is written down after ``step`` steps."""
        return step % self.log_steps == 0 or step == self.total_steps

    def validates_at(self, step: int) -> bool:
        """Whether validation happens after ``step`` steps."""
        return self.validation.steps > 0 and (self.validation.number(step) is not None or step == self.total_steps)

    def saves_at(self, step: int) -> bool:
        """Whether a snapshot is taken after ``step`` steps."""
        return self.snapshot.number(step) is not None or step == self.total_steps

    def snapshot_epoch(self, step: int) -> float:
        """Epochs for the name of a snapshot: as they were asked for, else as they are.

        An interval of 1 epoch gives snapshots after 1, 2 and 3 epochs, although rounding to whole steps may have put
        the first after 0.9998.
        """
        if step == self.total_steps:
            return self.epochs
        number = self.snapshot.number(step)
        if number is None or self.snapshot.steps < 1:
            return self.epoch(step)
        return float(number * self.snapshot.steps * Fraction(self.batch, self.count))


def _exact(value: float) -> Fraction:
    # By way of the decimal text: 0.1 means a tenth, not the float next to it.
    return Fraction(repr(value))


def _half_up(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))
