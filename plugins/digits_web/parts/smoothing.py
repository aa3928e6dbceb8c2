"""Curves as numbers: one curve, its moving average, and many as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve of a chart.

    Attributes:
        name: What it is called.
        points: Position and value, from left to right.
        right: Whether its values are from 0 to 1 and belong to the right axis.
        dashed: Whether its line is dashed, for a second curve of the same thing.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    right: bool = False
    dashed: bool = False


def lies_under(curve: Curve, other: Curve) -> bool:
    """Whether a curve would not be seen where another is drawn over it: what agrees is to be seen to agree.

    >>> one, other = Curve("torch", ((1, 0.5), (2, 0.25))), Curve("jax", ((1, 0.5001), (2, 0.25), (3, 0.2)))
    >>> lies_under(one, other), lies_under(other, one)
    (True, False)
    """
    values, span = dict(other.points), [value for _, value in other.points]
    near = (max(span) - min(span)) / 100 if span else 0.0
    return bool(curve.points) and all(
        position in values and abs(value - values[position]) <= near for position, value in curve.points
    )


def smooth(points: Sequence[tuple[float, float]], weight: float) -> list[tuple[float, float]]:
    """The exponential moving average of the values, without the pull towards zero at the start.

    ``m ← weight·m + (1 − weight)·value``, shown as ``m / (1 − weightⁿ)`` after n values: the bias correction of Adam
    (Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, https://arxiv.org/abs/1412.6980, section 3).

    Args:
        points: Position and value, from left to right.
        weight: From 0, which changes nothing, to below 1.

    >>> smooth([(0, 4.0), (1, 2.0)], 0.5)
    [(0, 4.0), (1, 2.6666666666666665)]
    """
    mean, share, smoothed = 0.0, 1.0, []
    for position, value in points:
        mean, share = weight * mean + (1 - weight) * value, share * weight
        smoothed.append((position, mean / (1 - share)))
    return smoothed


def to_csv(curves: Sequence[Curve], x_name: str) -> str:
    """The values as they were measured: a row for every position, a column for every curve.

    >>> to_csv([Curve("loss", ((1, 0.5),))], "epoch").splitlines()
    ['epoch,loss', '1,0.5']
    """
    columns = [dict(curve.points) for curve in curves]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([x_name, *(curve.name for curve in curves)])
    for position in sorted({position for column in columns for position in column}):
        writer.writerow([position, *(column.get(position, "") for column in columns)])
    return text.getvalue()
