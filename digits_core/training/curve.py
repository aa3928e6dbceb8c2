"""A learning-rate curve, and the rate that it suggests.

The rate rises from step to step by one factor while a fresh network trains; the loss stays, falls, and blows up.
Source: Smith, *Cyclical Learning Rates for Training Neural Networks*, 2017, section 3.3,
https://arxiv.org/abs/1506.01186.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.spec.model import Spec

Reals: TypeAlias = npt.NDArray[np.float64]

#: Width of the smoothing in powers of ten of the rate.
SMOOTHING = 0.15
#: Below its start by this share the loss has fallen.
FALLEN = 0.05
#: Steps whose mean loss tells whether it blows up, and how many times the least one that is.
RECENT, BLOWN_UP = 5, 4.0


class Suggestion(Spec):
    """What a curve says.

    A tenth of the rate at which the smoothed loss was lowest: there training is already on the edge, and a power of ten
    is what most networks leave between the two. The rate of the steepest fall is told beside it, and not taken: it is
    a slope of a noisy curve, and moves by more than that from one seed to the next.
    """

    rate: float
    """A tenth of ``lowest``, to two digits."""
    lowest: float
    """The rate at which the smoothed loss was lowest."""
    steepest: float
    """The rate at which it fell fastest in the logarithm of the rate."""


def rates_between(first: float, last: float, steps: int) -> list[float]:
    """Rates from one to the other, each the same multiple of the one before.

    >>> [round(rate, 6) for rate in rates_between(0.001, 10, 5)]
    [0.001, 0.01, 0.1, 1.0, 10.0]
    """
    return [first * (last / first) ** (step / (steps - 1)) for step in range(steps)]


def blows_up(losses: Sequence[float]) -> bool:
    """Whether the newest of the losses of a sweep tell that nothing more is to be learned from it.

    >>> blows_up([2.3, math.inf]), blows_up([2.3] * 9), blows_up([2.3] * 5 + [0.5] * 5 + [9.0] * 5)
    (True, False, True)
    """
    if not math.isfinite(losses[-1]):
        return True
    if len(losses) < 2 * RECENT:
        return False
    means = np.convolve(losses, np.full(RECENT, 1 / RECENT), "valid")
    return bool(means[-1] > max(BLOWN_UP * means.min(), means[0]))


def smoothed(rates: Sequence[float], losses: Sequence[float]) -> Reals:
    """Losses averaged over their neighbours, by a bell curve in the logarithm of the rate; nothing lags behind."""
    places = np.log10(np.asarray(rates))
    weights = np.exp(-0.5 * ((places[:, None] - places) / SMOOTHING) ** 2)
    averaged: Reals = weights @ np.asarray(losses) / weights.sum(1)
    return averaged


def suggest_rate(rates: Sequence[float], losses: Sequence[float]) -> Suggestion | None:
    """The rate that a curve suggests; None where the loss fell nowhere.

    >>> rates = rates_between(1e-4, 1, 41)
    >>> valley = [2 + min(0, -1 - math.log10(rate)) if rate < 0.09 else 2 for rate in rates]
    >>> suggest_rate(rates, [2.0] * 41) is None
    True
    >>> suggest_rate(rates, [1 + abs(math.log10(rate) + 1) for rate in rates]).rate
    0.01
    """
    if len(rates) < 2:
        return None
    curve = smoothed(rates, losses)
    lowest = int(curve.argmin())
    if not curve[lowest] < (1 - FALLEN) * curve[0]:
        return None
    slopes = np.gradient(curve[: lowest + 1], np.log10(rates[: lowest + 1])) if lowest else np.zeros(1)
    rate = float(f"{rates[lowest] / 10:.2g}")
    return Suggestion(rate=rate, lowest=rates[lowest], steepest=rates[int(slopes.argmin())])
