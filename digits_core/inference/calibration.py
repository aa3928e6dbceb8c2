"""Whether probabilities mean what they say: of pictures guessed with 80 %, are 80 % right?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digits_core.inference.intervals import QUANTILE, Interval, sum_interval, wilson

#: Bins of equal width; the number is that of the paper.
BINS = 15
METHOD = "first guess, 15 bins of equal width (Guo et al. 2017)"


@dataclass(frozen=True, slots=True)
class Bin:
    """Pictures whose first guess has a probability in ``(low, high]``.

    Attributes:
        low: Lower end.
        high: Upper end.
        count: Pictures in it.
        confidence: Their mean probability; 0 where there are none.
        accuracy: Share of them that are right; 0 where there are none.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well probabilities agree with how often they are right.

    Attributes:
        method: How it was measured.
        error: Expected calibration error ``Σ_b n_b/N · |accuracy_b − confidence_b|``.
        error_interval: From where to where it may be.
        largest: The largest of those differences over bins that are not empty.
        bins: From the least sure to the surest.
    """

    method: str
    error: float
    error_interval: Interval
    largest: float
    bins: tuple[Bin, ...]


class Reliability:
    """Sorts guesses into bins, batch by batch.

    Source: C. Guo, G. Pleiss, Y. Sun, K. Weinberger, On Calibration of Modern Neural Networks, ICML 2017,
    https://arxiv.org/abs/1706.04599.
    """

    def __init__(self) -> None:
        self._count = np.zeros(BINS, np.int64)
        self._hits = np.zeros(BINS, np.int64)
        self._sum = np.zeros(BINS)

    def add(self, confidences: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> None:
        """Take a batch in: the probability of each first guess, and whether it is right."""
        places = np.clip(np.ceil(confidences * BINS).astype(np.int64) - 1, 0, BINS - 1)
        self._count += np.bincount(places, minlength=BINS)
        self._hits += np.bincount(places[right], minlength=BINS)
        self._sum += np.bincount(places, confidences, minlength=BINS)

    def calibration(self) -> Calibration:
        """What has come together."""
        some = np.maximum(self._count, 1)
        confidence, accuracy = self._sum / some, self._hits / some
        gaps = np.abs(accuracy - confidence)
        bins = tuple(
            Bin(number / BINS, (number + 1) / BINS, int(self._count[number]), *map(float, pair))
            for number, pair in enumerate(zip(confidence, accuracy, strict=True))
        )
        weights = self._count / max(int(self._count.sum()), 1)
        error = float((gaps * weights).sum())
        return Calibration(METHOD, error, self._interval(gaps, weights), float(gaps.max()), bins)

    def _interval(self, gaps: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> Interval:
        """From where to where the error may be; chance alone makes distances, which the lower end does not count."""
        shares = self._hits / np.maximum(self._count, 1)
        ends = np.array([wilson(int(hits), int(count)) for hits, count in zip(self._hits, self._count, strict=True)])
        below, above = shares - ends[:, 0], ends[:, 1] - shares
        low, high = sum_interval(gaps.tolist(), list(zip(gaps - below, gaps + above, strict=True)), weights.tolist())
        by_chance = math.sqrt(2 / math.pi) * float(weights @ (below + above)) / (2 * QUANTILE)
        return max(0.0, low - by_chance), min(1.0, high)
