"""Classify pictures with a snapshot, prepared as the job's own pictures were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.contracts.runtime import Runtime
from digits_core.dataset.progress import Progress, Silence
from digits_core.errors import Problem
from digits_core.inference.model import Model
from digits_core.inference.pictures import Pictures
from digits_core.inference.predicting import BATCH, predict

#: As far down the list of guesses a label may be to count in ``top5``.
FEW = 5


@dataclass(frozen=True, slots=True)
class Guess:
    """A label and how likely it is.

    Attributes:
        label: Name of the class.
        probability: From 0 to 1; over all classes they sum to 1.
    """

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a picture was taken for.

    Attributes:
        image: The picture, as it was named.
        top: The most likely classes, best first; empty where the picture could not be read.
        problem: Why it could not be read.
        truth: Its class, where it was told: a label of the model, or what was told where the model has no such label.
        rank: The place of its class among all guesses, from 1; None where the model does not know it.
    """

    image: str
    top: tuple[Guess, ...]
    problem: Problem | None = None
    truth: str | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How often predictions are right, over the pictures that were read and whose class the model knows.

    Attributes:
        samples: How many those are.
        accuracy: Share whose class is the first guess.
        top5: Share whose class is among the first five.
        unknown: Classes that the model does not know, and how many pictures were said to be of each.
    """

    samples: int
    accuracy: float
    top5: float
    unknown: dict[str, int]


def classify(
    model: Model,
    pictures: Pictures,
    runtime: Runtime,
    top: int = 5,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> list[Prediction]:
    """The most likely classes of every picture; one that cannot be read keeps its problem, and the rest go on.

    Args:
        model: What to classify with.
        pictures: What to classify.
        runtime: Who computes.
        top: How many classes per picture.
        batch: Pictures that go through the network together.
        progress: Is told how far it is.

    Returns:
        In the order of the pictures.

    Raises:
        CapabilityMissing: If the runtime cannot compute the network.
    """
    told = progress or Silence()
    predictor = runtime.load(model.graph, model.arrays)
    labels = Labels(class_names(model))
    found: dict[int, Prediction] = {}
    told.start(len(pictures), f"Classifying with {model.name}")
    try:
        for numbers, logits, problems in predict(predictor, model.graph.output, pictures, batch):
            for number, problem in problems.items():
                found[number] = Prediction(pictures.name(number), (), problem, pictures.truth(number))
            for number, row in zip(numbers.tolist(), softmax(logits), strict=True):
                truth, rank = labels.judge(row, pictures.truth(number))
                found[number] = Prediction(pictures.name(number), labels.best(row, top), None, truth, rank)
            told.advance(len(numbers) + len(problems))
    finally:
        predictor.close()
    return [found[number] for number in range(len(pictures))]


def class_names(model: Model) -> tuple[str, ...]:
    """Names of a model's classes; numbers where it knows none, as an imported one may not.

    A network may have more outputs than its dataset has classes; those have no names and are never guessed.
    """
    return model.labels or tuple(f"class {index}" for index in range(model.graph.classes))


class Labels:
    """The classes of a model, by number and by name.

    Args:
        names: Their names; label i is the i-th.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._numbers = {name: number for number, name in enumerate(names)}

    def number(self, truth: str) -> int | None:
        """The class that ``truth`` means, by its name, else by its number; None where there is none.

        >>> [Labels(("cat", "dog")).number(truth) for truth in ("dog", "0", "2", "bird")]
        [1, 0, None, None]
        """
        if truth in self._numbers:
            return self._numbers[truth]
        by_number = int(truth) if truth.isascii() and truth.isdigit() and len(truth) < 10 else -1
        return by_number if 0 <= by_number < len(self._names) else None

    def judge(self, probabilities: npt.NDArray[np.float64], truth: str | None) -> tuple[str | None, int | None]:
        """The label that ``truth`` means, and its place among all guesses, from 1."""
        number = None if truth is None else self.number(truth)
        if number is None:
            return truth, None
        own, among = probabilities[number], probabilities[: len(self._names)]
        # Among equals the first class comes first, as in training.
        before = np.count_nonzero(among > own) + np.count_nonzero(among[:number] == own)
        return self._names[number], int(before) + 1

    def best(self, probabilities: npt.NDArray[np.float64], top: int) -> tuple[Guess, ...]:
        """The most likely classes; equally likely ones keep their order."""
        order = np.argsort(-probabilities[: len(self._names)], kind="stable")[:top]
        return tuple(Guess(self._names[index], float(probabilities[index])) for index in order)


def tally(predictions: Iterable[Prediction]) -> Tally | None:
    """How often ``predictions`` are right; None where no picture's class was told."""
    told = [one for one in predictions if one.truth is not None and one.problem is None]
    if not told:
        return None
    ranks = [one.rank for one in told if one.rank is not None]
    unknown: dict[str, int] = {}
    for one in told:
        if one.rank is None and one.truth is not None:
            unknown[one.truth] = unknown.get(one.truth, 0) + 1
    count = len(ranks)
    first, few = sum(rank == 1 for rank in ranks), sum(rank <= FEW for rank in ranks)
    return Tally(count, first / count if count else 0.0, few / count if count else 0.0, unknown)


def softmax(logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """``exp(x) / Σ exp(x)`` over the last axis, in float64.

    >>> softmax(np.array([[0.0, 0.0]], np.float32))
    array([[0.5, 0.5]])
    """
    wide = logits.astype(np.float64)
    if not wide.size:
        return wide
    powers = np.exp(wide - wide.max(axis=-1, keepdims=True))
    probabilities: npt.NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities
