"""How well a model does on pictures of known classes: loss, accuracy, and which classes it takes for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.inference.calibration import Calibration, Reliability
from digits_core.inference.classify import FEW
from digits_core.inference.intervals import (
    CONFIDENCE,
    METHOD,
    Interval,
    f1_interval,
    mean_interval,
    sum_interval,
    wilson,
)


@dataclass(frozen=True, slots=True)
class ClassScores:
    """How well a model does on one class; what divides by nothing is 0.

    Attributes:
        label: Name of the class.
        precision: Share of the pictures taken for it that are of it.
        recall: Share of its pictures that are taken for it.
        f1: Harmonic mean of the two.
        support: Its pictures.
        precision_interval: From where to where its precision may be.
        recall_interval: The same of its recall.
        f1_interval: The same of its F1.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    precision_interval: Interval
    recall_interval: Interval
    f1_interval: Interval


@dataclass(frozen=True, slots=True)
class MacroScores:
    """Means over the classes that have pictures, each counting alike however many it has.

    Attributes:
        precision: Mean precision.
        recall: Mean recall, which is also called balanced accuracy.
        f1: Mean F1.
        precision_interval: From where to where the mean precision may be.
        recall_interval: The same of the mean recall.
        f1_interval: The same of the mean F1.
    """

    precision: float
    recall: float
    f1: float
    precision_interval: Interval
    recall_interval: Interval
    f1_interval: Interval


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well a model does.

    Attributes:
        samples: Pictures that were scored.
        unknown: Pictures that were not, since the model does not know their class.
        unknown_labels: Those classes, and how many pictures each has.
        loss: Mean softmax cross-entropy of the output, without other losses and L2.
        accuracy: Share of pictures whose class is the first guess.
        top5: Share of those whose class is among the first five.
        labels: Names of the model's classes.
        confusion: For each true class how many pictures were taken for each class.
        per_class: For each class how well it does.
        macro: Means over classes.
        calibration: Whether probabilities mean what they say.
        confidence: The share of intervals that contain the true value.
        interval_method: How intervals of shares were computed.
        accuracy_interval: From where to where accuracy may be on other pictures of the same kind.
        top5_interval: The same of the share among the first five.
        loss_interval: The same of the loss; None of fewer than two pictures.
    """

    samples: int
    unknown: int
    unknown_labels: dict[str, int]
    loss: float
    accuracy: float
    top5: float
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    per_class: tuple[ClassScores, ...]
    macro: MacroScores
    calibration: Calibration
    confidence: float
    interval_method: str
    accuracy_interval: Interval
    top5_interval: Interval
    loss_interval: Interval | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


class Scorer:
    """Adds up scores, batch by batch.

    Args:
        labels: Names of the model's classes, by number.
        names: Names of the dataset's classes, by number; the same name means the same class.
    """

    def __init__(self, labels: Sequence[str], names: Sequence[str]) -> None:
        self._labels, self._names = tuple(labels), tuple(names)
        numbers = {label: number for number, label in enumerate(labels)}
        self._numbers = np.array([numbers.get(name, -1) for name in names], np.int64)
        self._confusion = np.zeros((len(labels), len(labels)), np.int64)
        self._strange = np.zeros(len(names), np.int64)
        self._loss, self._squares, self._few = 0.0, 0.0, 0
        self._reliability = Reliability()

    @property
    def seen(self) -> int:
        """Pictures so far."""
        return int(self._confusion.sum() + self._strange.sum())

    def add(self, logits: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.int32]) -> None:
        """Take a batch in.

        Args:
            logits: ``[B, ≥ classes]``.
            labels: The dataset's class numbers ``[B]``.
        """
        truth = self._numbers[labels]
        rows = np.flatnonzero(truth >= 0)
        self._strange += np.bincount(labels[truth < 0], minlength=len(self._names))
        if not len(rows):
            return
        # Outputs beyond the classes count in the loss, as in training, and are never guessed, as in classification.
        truth, wide = truth[rows], logits[rows].astype(np.float64)
        known = wide[:, : len(self._labels)]
        own, taken = wide[np.arange(len(rows)), truth], known.argmax(axis=1)
        top = wide.max(axis=1)
        sums = np.exp(wide - top[:, None]).sum(axis=1)
        losses = top + np.log(sums) - own
        self._loss += float(losses.sum())
        self._squares += float(losses @ losses)
        # Among equals the first class comes first, as in training.
        earlier = np.arange(known.shape[1]) < truth[:, None]
        before = (known > own[:, None]).sum(axis=1) + ((known == own[:, None]) & earlier).sum(axis=1)
        self._few += int(np.count_nonzero(before < FEW))
        self._reliability.add(np.exp(known.max(axis=1) - top) / sums, taken == truth)
        np.add.at(self._confusion, (truth, taken), 1)

    def evaluation(self) -> Evaluation:
        """What has come together."""
        samples = int(self._confusion.sum())
        hits = int(np.trace(self._confusion))
        per_class = tuple(self._class(number) for number in range(len(self._labels)))
        strange = {name: int(count) for name, count in zip(self._names, self._strange, strict=True) if count}
        return Evaluation(
            samples=samples,
            unknown=sum(strange.values()),
            unknown_labels=strange,
            loss=_share(self._loss, samples),
            accuracy=_share(hits, samples),
            top5=_share(self._few, samples),
            labels=self._labels,
            confusion=tuple(tuple(row) for row in self._confusion.tolist()),
            per_class=per_class,
            macro=self._macro(per_class),
            calibration=self._reliability.calibration(),
            confidence=CONFIDENCE,
            interval_method=METHOD,
            accuracy_interval=wilson(hits, samples),
            top5_interval=wilson(self._few, samples),
            loss_interval=mean_interval(self._loss, self._squares, samples),
        )

    def _macro(self, per_class: Sequence[ClassScores]) -> MacroScores:
        rows = [number for number, scores in enumerate(per_class) if scores.support]
        classes = [per_class[row] for row in rows]
        precisions, recalls = [scores.precision for scores in classes], [scores.recall for scores in classes]
        f1s, correlation = [scores.f1 for scores in classes], _f1_correlation(self._confusion)[np.ix_(rows, rows)]
        return MacroScores(
            precision=_mean(precisions),
            recall=_mean(recalls),
            f1=_mean(f1s),
            precision_interval=_interval(precisions, [scores.precision_interval for scores in classes]),
            recall_interval=_interval(recalls, [scores.recall_interval for scores in classes]),
            f1_interval=_interval(f1s, [scores.f1_interval for scores in classes], correlation),
        )

    def _class(self, number: int) -> ClassScores:
        hits = int(self._confusion[number, number])
        support, taken = int(self._confusion[number].sum()), int(self._confusion[:, number].sum())
        return ClassScores(
            label=self._labels[number],
            precision=_share(hits, taken),
            recall=_share(hits, support),
            f1=_share(2 * hits, support + taken),
            support=support,
            precision_interval=wilson(hits, taken),
            recall_interval=wilson(hits, support),
            f1_interval=f1_interval(hits, support, taken),
        )


def _mean(shares: Sequence[float]) -> float:
    return _share(sum(shares), len(shares))


def _interval(
    shares: Sequence[float], intervals: Sequence[Interval], correlation: npt.NDArray[np.float64] | None = None
) -> Interval:
    """The interval of a mean of shares from theirs."""
    if not shares:
        return 0.0, 1.0
    low, high = sum_interval(shares, intervals, [1 / len(shares)] * len(shares), correlation)
    return max(0.0, low), min(1.0, high)


def _f1_correlation(confusion: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """How the F1 of classes go together: a picture of one that is taken for another lowers both.

    Of every picture that counts in a class's F1 the first derivative is known, and with it all covariances.
    """
    hits, total = confusion.diagonal(), np.maximum(confusion.sum(0) + confusion.sum(1), 1)
    f1 = 2 * hits / total
    mistakes = (confusion + confusion.T) * (1 - np.eye(len(confusion)))
    slope = f1 / total
    variance = hits * (2 * (1 - f1) / total) ** 2 + mistakes.sum(axis=1) * slope**2
    error = np.sqrt(np.where(variance > 0, variance, 1.0))
    correlation: npt.NDArray[np.float64] = mistakes * np.outer(slope / error, slope / error) + np.eye(len(confusion))
    return correlation


def _share(part: float, whole: int) -> float:
    return part / whole if whole else 0.0
