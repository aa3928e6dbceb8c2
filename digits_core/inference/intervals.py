"""How sure a measured number is: a share, an F1, a mean of such, or a mean loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

#: The share of such intervals that contain the true value.
CONFIDENCE = 0.95
#: Standard errors to either side of a normal number.
QUANTILE = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
METHOD = "Wilson score interval"
#: From and to.
Interval: TypeAlias = tuple[float, float]


def wilson(hits: int, count: int, confidence: float = CONFIDENCE) -> Interval:
    """The Wilson score interval of a share ``p = hits / count``.

    ``(p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n)`` with z the normal quantile of the confidence. It stays
    within 0 and 1 and holds for few pictures and for shares near either end, where ``p ± z·√(p(1 − p)/n)`` does not.

    Source: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927),
    https://doi.org/10.1080/01621459.1927.10502953.

    Args:
        hits: How often it was so.
        count: Of how many; of none anything may be true.
        confidence: The share of such intervals that contain the true value.

    >>> [round(end, 3) for end in wilson(90, 100)]
    [0.826, 0.945]
    """
    if not count:
        return 0.0, 1.0
    z, share = NormalDist().inv_cdf((1 + confidence) / 2), hits / count
    centre = share + z * z / (2 * count)
    reach = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    # Both ends are exact in theory; rounding must not put the measured share outside.
    return max(0.0, min((centre - reach) / scale, share)), min(1.0, max((centre + reach) / scale, share))


def f1_interval(hits: int, support: int, taken: int) -> Interval:
    """The interval of an F1 ``2·hits / (support + taken)``.

    With ``J`` the share of hits among all that are of a class or taken for it, F1 is ``2J / (1 + J)``: it rises with J,
    so the ends of J's Wilson interval are its own.

    Args:
        hits: Pictures of the class that are taken for it.
        support: Pictures of the class.
        taken: Pictures that are taken for it.

    >>> [round(end, 3) for end in f1_interval(3, 3, 3)]
    [0.61, 1.0]
    """
    low, high = wilson(hits, support + taken - hits)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def sum_interval(
    values: Sequence[float],
    intervals: Sequence[Interval],
    weights: Sequence[float],
    correlation: npt.NDArray[np.float64] | None = None,
) -> Interval:
    """The interval of ``Σ w·v`` from those of ``v``, by MOVER.

    With ``d = w(v − low)`` it begins at ``Σ w·v − √(dᵀ R d)``, and with ``d = w(high − v)`` it ends at
    ``Σ w·v + √(dᵀ R d)``: like the intervals that it combines it holds near either end, where a standard error would
    be 0.

    Source: G. Y. Zou, A. Donner, Construction of confidence limits about effect measures: a general approach,
    Statistics in Medicine 27 (2008), https://doi.org/10.1002/sim.3095.

    Args:
        values: What was measured.
        intervals: From where to where each may be.
        weights: How much each counts, at least 0.
        correlation: R, of the values; None: they are independent.

    >>> [round(end, 3) for end in sum_interval([0.9, 0.9], [(0.8, 1.0), (0.8, 1.0)], [0.5, 0.5])]
    [0.829, 0.971]
    """
    measured, factors = np.array(values), np.array(weights)
    middle = float(factors @ measured)
    low, high = np.array(intervals).T

    def reach(distances: npt.NDArray[np.float64]) -> float:
        parts = factors * distances
        return math.sqrt(float(parts @ parts if correlation is None else parts @ correlation @ parts))

    return middle - reach(measured - low), middle + reach(high - measured)


def mean_interval(total: float, squares: float, count: int, confidence: float = CONFIDENCE) -> Interval | None:
    """The normal interval of a mean of numbers that are at least 0; None of fewer than two.

    Args:
        total: The sum of the numbers.
        squares: The sum of their squares.
        count: How many there are.
        confidence: The share of such intervals that contain the true value.
    """
    if count < 2:
        return None
    mean = total / count
    variance = max(0.0, squares - total * mean) / (count - 1)
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(variance / count)
    return max(0.0, mean - reach), mean + reach
