"""Scores of steps, collected without waiting for the device, and the pace of training."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import HEAD_PREFIX, SCORE_NAMES, Scores

#: See `digits_core.contracts.backend.Program.total`.
Total: TypeAlias = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
#: Seconds after which progress is due whatever the number of steps.
LOG_SECONDS = 10.0
#: Evaluation batches that may be on their way to the device before the oldest is waited for.
_IN_FLIGHT = 16


def alone(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The sum over a process that trains alone."""
    return values


@dataclass(frozen=True, slots=True)
class Progress:
    """Means over the steps since the last reading.

    Attributes:
        loss: Mean loss per picture.
        accuracy: Share of pictures classified right.
        losses: Mean loss per picture of every single step.
        images_per_second: Pace over these steps.
        heads: With several heads the mean loss per picture of each, without its weight.
    """

    loss: float
    accuracy: float
    losses: tuple[float, ...]
    images_per_second: float
    heads: dict[str, float] = field(default_factory=dict)


class Meter:
    """Collects lazy scores and reads them now and then.

    The first step of a run, which may compile, is read on its own: it gives ``first_step_s`` and stays out of the pace;
    so does the time between `read` and `restart`, spent on validation and snapshots.

    Args:
        started: `time.perf_counter` when the program began to be built.
        total: Sums over the processes that train together.
    """

    def __init__(self, started: float, total: Total = alone) -> None:
        self._started = started
        self._total = total
        self._pending: list[Scores] = []
        self._since = time.perf_counter()
        self._images = 0.0
        self._seconds = 0.0
        #: Seconds from the start of the build to the scores of the first step; 0 before.
        self.first_step_s = 0.0

    @property
    def images_per_second(self) -> float:
        """Steady pace of the run so far; 0 where only the first step was done."""
        return self._images / self._seconds if self._seconds else 0.0

    @property
    def seconds(self) -> float:
        """How long the steady pace was measured."""
        return self._seconds

    def add(self, scores: Scores) -> None:
        """Take the scores of one step, unread."""
        self._pending.append(scores)

    def is_due(self) -> bool:
        """Whether a reading is due by time: after the first step of a run, and every ten seconds."""
        return not self.first_step_s or time.perf_counter() - self._since > LOG_SECONDS

    def read(self) -> Progress:
        """Wait for the scores of all steps since the last reading; there must be at least one."""
        names = _names(self._pending[0])
        rows = self._total(np.array([[float(scores[name]) for name in names] for scores in self._pending]))
        self._pending.clear()
        loss, correct, _, samples, *heads = rows.sum(axis=0).tolist()
        now = time.perf_counter()
        seconds, self._since = max(now - self._since, 1e-9), now
        if self.first_step_s:
            self._images, self._seconds = self._images + samples, self._seconds + seconds
        else:
            self.first_step_s = now - self._started
        losses = tuple((rows[:, 0] / rows[:, 3]).tolist())
        return Progress(loss / samples, correct / samples, losses, samples / seconds, _means(names, heads, samples))

    def restart(self) -> None:
        """Let the next interval begin now."""
        self._since = time.perf_counter()


def mean_scores(scores: Iterable[Scores], total: Total = alone) -> dict[str, float]:
    """Means over all samples of several batches, read a few batches behind the device.

    Args:
        scores: Of each batch, or of this process's share of it.
        total: Sums over the processes that train together.

    Returns:
        ``val/loss``, ``val/accuracy`` and ``val/top5``, and with several heads ``val/loss/<head>``.

    >>> batch = {"loss": 6.0, "correct": 1.0, "top5": 2.0, "samples": 2.0}
    >>> mean_scores([batch, batch])
    {'val/loss': 3.0, 'val/accuracy': 0.5, 'val/top5': 1.0}
    """
    names: tuple[str, ...] = SCORE_NAMES
    totals = np.zeros(len(names))
    pending: deque[Scores] = deque()

    def settle(limit: int) -> None:
        nonlocal totals
        while len(pending) > limit:
            oldest = pending.popleft()
            totals = totals + [float(oldest[name]) for name in names]

    for batch in scores:
        if len(names) != len(batch):
            names, totals = _names(batch), np.zeros(len(batch))
        pending.append(batch)
        settle(_IN_FLIGHT)
    settle(0)
    loss, correct, top5, samples, *heads = total(totals).tolist()
    means = {"val/loss": loss / samples, "val/accuracy": correct / samples, "val/top5": top5 / samples}
    return means | {f"val/{HEAD_PREFIX}{name}": mean for name, mean in _means(names, heads, samples).items()}


def _names(scores: Scores) -> tuple[str, ...]:
    """Names of scores in the same order in every process."""
    return (*SCORE_NAMES, *sorted(scores.keys() - set(SCORE_NAMES)))


def _means(names: Sequence[str], heads: Sequence[float], samples: float) -> dict[str, float]:
    own = names[len(SCORE_NAMES) :]
    return {name.removeprefix(HEAD_PREFIX): value / samples for name, value in zip(own, heads, strict=True)}
