"""Curves of jobs over their steps, thin enough to be drawn."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from digits_core.events.facts import RunStarted, TrainingLogged, Validated
from digits_core.events.journal import Recorded
from digits_core.events.series import series
from digits_core.service.following import Folds, require_number
from digits_core.service.views.history import Point, SeriesView
from digits_core.store.job import JobFolder


class Curve:
    """Values over steps; of a long run there are many, so they are kept as plain numbers."""

    def __init__(self) -> None:
        self.steps, self.epochs, self.values = array("q"), array("d"), array("d")

    def add(self, step: int, epoch: float, value: float) -> None:
        """One more point, to the right of all others."""
        self.steps.append(step)
        self.epochs.append(epoch)
        self.values.append(value)

    def rewind(self, step: int) -> None:
        """Forget what is after ``step``: a run goes over it again."""
        kept = bisect_right(self.steps, step)
        for numbers in (self.steps, self.epochs, self.values):
            del numbers[kept:]

    def points(self, most: int) -> tuple[Point, ...]:
        """At most ``most`` points, which look like all of them."""
        return tuple((self.steps[at], self.epochs[at], self.values[at]) for at in thinned(np.array(self.values), most))


class JobCurves:
    """All curves of one job, by name."""

    def __init__(self) -> None:
        self.curves: dict[str, Curve] = {}

    def add(self, item: Recorded) -> None:
        """Take one fact in."""
        fact = item.fact
        if isinstance(fact, RunStarted):
            for curve in self.curves.values():
                curve.rewind(fact.step)
        elif isinstance(fact, (TrainingLogged, Validated)):
            for name, value in series(fact).items():
                self.curves.setdefault(name, Curve()).add(fact.step, fact.epoch, value)


class Curves:
    """The curves of jobs, remembered between two looks."""

    def __init__(self) -> None:
        self._folds = Folds(JobCurves)

    def view(self, folder: JobFolder, points: int) -> SeriesView:
        """The curves of the job in ``folder``, each of at most ``points``.

        Raises:
            SpecInvalid: If that are fewer than 2.
        """
        require_number("points", points, 2)

        def answer(job: JobCurves, cursor: int) -> SeriesView:
            drawn = {name: curve.points(points) for name, curve in job.curves.items()}
            return SeriesView(
                job=folder.id,
                train=_of("train/", drawn),
                val=_of("val/", drawn),
                learning_rate=drawn.get("learning_rate", ()),
                images_per_second=drawn.get("images_per_second", ()),
                cursor=str(cursor),
            )

        return self._folds.read(folder.journal.path, answer)


def thinned(values: npt.NDArray[np.float64], most: int) -> list[int]:
    """Places of at most ``most`` values: all, or the first, the last, and the lowest and highest of every stretch.

    >>> thinned(np.array([5.0, 1.0, 2.0, 9.0, 3.0, 4.0]), 4)
    [0, 1, 3, 5]
    """
    count = len(values)
    if count <= most:
        return list(range(count))
    edges = np.linspace(1, count - 1, (most - 2) // 2 + 1).astype(int)
    stretches = [(start, stop) for start, stop in pairwise(edges) if stop > start]
    lowest = {start + int(values[start:stop].argmin()) for start, stop in stretches}
    highest = {start + int(values[start:stop].argmax()) for start, stop in stretches}
    return sorted(int(place) for place in {0, count - 1, *lowest, *highest})


def _of(prefix: str, drawn: dict[str, tuple[Point, ...]]) -> dict[str, tuple[Point, ...]]:
    return {name.removeprefix(prefix): points for name, points in drawn.items() if name.startswith(prefix)}
