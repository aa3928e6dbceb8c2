"""How well a model does on pictures of known classes: loss, accuracy, and which classes it takes for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

#: As far down the list of guesses a label may be to count in ``top5``.
FEW = 5


@dataclass(frozen=True, slots=True)
class ClassScores:
    """How well a model does on one class; what divides by nothing is 0.

    Attributes:
        label: Name of the class.
        precision: Share of the pictures taken for it that are of it.
        recall: Share of its pictures that are taken for it.
        f1: Harmonic mean of the two.
        support: Its pictures.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well a model does.

    Attributes:
        samples: Pictures that were scored.
        unknown: Pictures that were not, since the model does not know their class.
        loss: Mean softmax cross-entropy of the output, without other losses and L2.
        accuracy: Share of pictures whose class is the first guess.
        top5: Share of those whose class is among the first five.
        labels: Names of the model's classes.
        confusion: For each true class how many pictures were taken for each class.
        per_class: For each class how well it does.
    """

    samples: int
    unknown: int
    loss: float
    accuracy: float
    top5: float
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    per_class: tuple[ClassScores, ...]

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
        self._labels = tuple(labels)
        numbers = {label: number for number, label in enumerate(labels)}
        self._numbers = np.array([numbers.get(name, -1) for name in names], np.int64)
        self._confusion = np.zeros((len(labels), len(labels)), np.int64)
        self._loss, self._few, self._unknown = 0.0, 0, 0

    @property
    def seen(self) -> int:
        """Pictures so far."""
        return int(self._confusion.sum()) + self._unknown

    def add(
        self, logits: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.int32], weights: npt.NDArray[np.float32]
    ) -> None:
        """Take a batch in.

        Args:
            logits: ``[B, ≥ classes]``.
            labels: The dataset's class numbers ``[B]``.
            weights: ``[B]``; rows of weight 0 are padding.
        """
        truth = self._numbers[labels]
        self._unknown += int(np.count_nonzero((truth < 0) & (weights > 0)))
        rows = np.flatnonzero((truth >= 0) & (weights > 0))
        truth, wide = truth[rows], logits[rows, : len(self._labels)].astype(np.float64)
        if not len(rows):
            return
        own = wide[np.arange(len(rows)), truth]
        top = wide.max(axis=1)
        self._loss += float((top + np.log(np.exp(wide - top[:, None]).sum(axis=1)) - own).sum())
        # Among equals the first class comes first, as in training.
        earlier = np.arange(wide.shape[1]) < truth[:, None]
        before = (wide > own[:, None]).sum(axis=1) + ((wide == own[:, None]) & earlier).sum(axis=1)
        self._few += int(np.count_nonzero(before < FEW))
        np.add.at(self._confusion, (truth, wide.argmax(axis=1)), 1)

    def evaluation(self) -> Evaluation:
        """What has come together."""
        samples = int(self._confusion.sum())
        hits = int(np.trace(self._confusion))
        return Evaluation(
            samples=samples,
            unknown=self._unknown,
            loss=_share(self._loss, samples),
            accuracy=_share(hits, samples),
            top5=_share(self._few, samples),
            labels=self._labels,
            confusion=tuple(tuple(row) for row in self._confusion.tolist()),
            per_class=tuple(self._class(number) for number in range(len(self._labels))),
        )

    def _class(self, number: int) -> ClassScores:
        hits = int(self._confusion[number, number])
        support, taken = int(self._confusion[number].sum()), int(self._confusion[:, number].sum())
        f1 = _share(2 * hits, support + taken)
        return ClassScores(self._labels[number], _share(hits, taken), _share(hits, support), f1, support)


def _share(part: float, whole: int) -> float:
    return part / whole if whole else 0.0
