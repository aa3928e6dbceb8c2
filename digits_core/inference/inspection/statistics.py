"""An array in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

BINS = 20


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often values occur.

    Attributes:
        low: Where the first bin begins.
        high: Where the last bin ends.
        counts: Elements in each of `BINS` bins of equal width.
    """

    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What an array is like; its elements that are not finite count in ``not_finite`` and nowhere else.

    Attributes:
        shape: Its shape, without the batch.
        mean: Arithmetic mean.
        std: Standard deviation of all elements (not the estimate from a sample).
        low: Smallest element.
        high: Largest element.
        zeros: Share of elements that are exactly 0.
        not_finite: How many are NaN or infinite.
        histogram: From the smallest to the largest element.
    """

    shape: tuple[int, ...]
    mean: float
    std: float
    low: float
    high: float
    zeros: float
    not_finite: int
    histogram: Histogram


def describe(array: npt.NDArray[Any]) -> Statistics:
    """The statistics of ``array``, in float64.

    >>> found = describe(np.array([0.0, 0.0, 1.0, 3.0]))
    >>> found.mean, found.zeros, found.histogram.counts[0], found.histogram.counts[-1]
    (1.0, 0.5, 2, 1)
    """
    values = np.asarray(array, np.float64).ravel()
    finite = values[np.isfinite(values)]
    missing = values.size - finite.size
    if not finite.size:
        return Statistics(array.shape, 0.0, 0.0, 0.0, 0.0, 0.0, missing, Histogram(0.0, 0.0, (0,) * BINS))
    low, high = float(finite.min()), float(finite.max())
    return Statistics(
        shape=array.shape,
        mean=float(finite.mean()),
        std=float(finite.std()),
        low=low,
        high=high,
        zeros=float(np.count_nonzero(finite == 0) / finite.size),
        not_finite=missing,
        histogram=_histogram(finite, low, high),
    )


def _histogram(values: npt.NDArray[np.float64], low: float, high: float) -> Histogram:
    """Bins of equal width; numpy's own refuses numbers so close to each other that no edges fit between them."""
    span = high - low
    shares = (values - low) / span if span else np.full(values.shape, 0.5)
    places = np.minimum((shares * BINS).astype(np.int64), BINS - 1)
    return Histogram(low, high, tuple(np.bincount(places, minlength=BINS).tolist()))
