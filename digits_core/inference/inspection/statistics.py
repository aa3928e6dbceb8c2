"""An array in a few numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

BINS = 20
#: Elements that are looked at together.
PART = 2**20


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
    """The statistics of ``array``, summed up in float64, a part at a time: kernels may have a hundred million elements.

    >>> found = describe(np.array([0.0, 0.0, 1.0, 3.0]))
    >>> found.mean, found.zeros, found.histogram.counts[0], found.histogram.counts[-1]
    (1.0, 0.5, 2, 1)
    """
    values = array.ravel()
    finite = np.isfinite(values)
    missing = values.size - int(np.count_nonzero(finite))
    if missing:
        values = values[finite]
    if not values.size:
        return Statistics(array.shape, 0.0, 0.0, 0.0, 0.0, 0.0, missing, Histogram(0.0, 0.0, (0,) * BINS))
    low, high, mean = float(values.min()), float(values.max()), float(values.mean(dtype=np.float64))
    squares, counts = 0.0, np.zeros(BINS, np.int64)
    for part in parts(values):
        squares += float(np.square(part - mean).sum())
        counts += _counts(part, low, high)
    return Statistics(
        shape=array.shape,
        mean=mean,
        std=(squares / values.size) ** 0.5,
        low=low,
        high=high,
        zeros=float(np.count_nonzero(values == 0) / values.size),
        not_finite=missing,
        histogram=Histogram(low, high, tuple(counts.tolist())),
    )


def parts(values: npt.NDArray[Any]) -> Iterator[npt.NDArray[np.float64]]:
    """A vector in float64, `PART` elements at a time."""
    for start in range(0, values.size, PART):
        yield values[start : start + PART].astype(np.float64)


def _counts(values: npt.NDArray[np.float64], low: float, high: float) -> npt.NDArray[np.int64]:
    """Elements in each bin; numpy's own refuses numbers so close to each other that no edges fit between them."""
    span = high - low
    shares = (values - low) / span if span else np.full(values.shape, 0.5)
    places = np.minimum((shares * BINS).astype(np.int64), BINS - 1)
    return np.bincount(places, minlength=BINS)
