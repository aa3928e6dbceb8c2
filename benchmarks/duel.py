"""Contestants take turns, so that a machine whose speed drifts is fair to all."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Measured:
    """Speeds of one contestant.

    Attributes:
        median: Median over the rounds.
        low: Slowest round.
        high: Fastest round.
    """

    median: float
    low: float
    high: float


def alternate(contestants: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, Measured]:
    """Let every contestant run once to warm up, then ``rounds`` times in turn.

    Args:
        contestants: By name, functions that do a fixed piece of work and return their speed.
        rounds: Counted turns of each.
    """
    for run in contestants.values():
        run()
    speeds: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for turn in range(rounds):
        # Everyone goes first equally often.
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            speeds[name].append(contestants[name]())
    return {name: Measured(statistics.median(found), min(found), max(found)) for name, found in speeds.items()}
