"""The pictures that a model is surest of, class by class: what it has learned to look for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from digits_core.contracts.runtime import Runtime
from digits_core.dataset.explore import sheet
from digits_core.dataset.opened import SplitReader
from digits_core.dataset.pictures import Pixels
from digits_core.dataset.progress import Progress, Silence
from digits_core.inference.classify import class_names, softmax
from digits_core.inference.model import Model
from digits_core.inference.pictures import Pictures
from digits_core.inference.predicting import BATCH, predict


@dataclass(frozen=True, slots=True)
class Ranked:
    """A picture that scores high in a class.

    Attributes:
        number: Which picture of the split.
        image: Where it came from.
        probability: Of that class, from 0 to 1.
        truth: Its own class.
    """

    number: int
    image: str
    probability: float
    truth: str


@dataclass(frozen=True, slots=True)
class TopClass:
    """A class and the pictures that score highest in it, the highest first."""

    label: str
    pictures: tuple[Ranked, ...]


def top_pictures(
    model: Model,
    pictures: Pictures,
    runtime: Runtime,
    count: int = 9,
    classes: Sequence[int] | None = None,
    progress: Progress | None = None,
) -> tuple[TopClass, ...]:
    """The pictures that each class scores highest.

    Args:
        model: What scores.
        pictures: What to look at.
        runtime: Who computes.
        count: Pictures per class.
        classes: Numbers of the classes; empty: all of them.
        progress: Is told how far it is.

    Returns:
        For each class at most ``count`` pictures; of equal ones the first come first.

    Raises:
        CapabilityMissing: If the runtime cannot compute the network.
    """
    told, names = progress or Silence(), class_names(model)
    wanted = np.array(range(len(names)) if classes is None else classes, np.int64)
    best = _Best(len(wanted), count)
    predictor = runtime.load(model.graph, model.arrays)
    told.start(len(pictures), f"Scoring with {model.name}")
    try:
        for numbers, logits, problems in predict(predictor, model.graph.output, pictures, BATCH):
            best.add(softmax(logits)[:, wanted], numbers)
            told.advance(len(numbers) + len(problems))
    finally:
        predictor.close()
    return tuple(
        TopClass(names[number], tuple(_ranked(pictures, best.of(place))))
        for place, number in enumerate(wanted.tolist())
    )


class _Best:
    """The highest scores of each class so far, and whose they are."""

    def __init__(self, classes: int, count: int) -> None:
        self._count = count
        self._scores = np.empty((classes, 0))
        self._numbers = np.empty((classes, 0), np.int64)

    def add(self, scores: npt.NDArray[np.float64], numbers: npt.NDArray[np.int64]) -> None:
        """Take a batch in: scores ``[n, classes]`` of pictures ``[n]``."""
        all_scores = np.concatenate([self._scores, scores.T], axis=1)
        shape = (len(all_scores), len(numbers))
        all_numbers = np.concatenate([self._numbers, np.broadcast_to(numbers, shape)], axis=1)
        order = np.argsort(-all_scores, axis=1, kind="stable")[:, : self._count]
        self._scores = np.take_along_axis(all_scores, order, axis=1)
        self._numbers = np.take_along_axis(all_numbers, order, axis=1)

    def of(self, place: int) -> Iterator[tuple[int, float]]:
        """Pictures and scores of a class, the highest first."""
        return zip(self._numbers[place].tolist(), self._scores[place].tolist(), strict=True)


def _ranked(pictures: Pictures, best: Iterator[tuple[int, float]]) -> Iterator[Ranked]:
    for number, score in best:
        yield Ranked(number, pictures.name(number), score, pictures.truth(number) or "")


def mosaic(classes: Sequence[TopClass], reader: SplitReader) -> Image.Image:
    """A row of pictures for each class: its name above them, and below each its score, and its own class if another.

    Args:
        classes: What was found; each has as many pictures.
        reader: The split that they are from.
    """
    columns = max(len(one.pictures) for one in classes)

    def cells() -> Iterator[tuple[Pixels, str]]:
        for one in classes:
            numbers = np.array([ranked.number for ranked in one.pictures], np.int64)
            for ranked, pixels in zip(one.pictures, reader.pictures(numbers), strict=True):
                other = "" if ranked.truth == one.label else f" {ranked.truth}"
                yield pixels, f"{100 * ranked.probability:.1f} %{other}"

    return sheet(cells(), columns * len(classes), columns, reader.shape, [one.label for one in classes])
