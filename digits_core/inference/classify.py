"""Classify pictures with a snapshot, prepared as the job's own pictures were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.contracts.runtime import Runtime
from digits_core.dataset.loader import cut_middle
from digits_core.dataset.pictures import PictureUnreadable, prepare_picture
from digits_core.errors import Problem
from digits_core.inference.model import Model

#: Pictures that go through the network together.
BATCH = 32


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
    """

    image: str
    top: tuple[Guess, ...]
    problem: Problem | None = None


def classify(model: Model, images: Sequence[Path], runtime: Runtime, top: int = 5) -> list[Prediction]:
    """The most likely classes of every picture; one that cannot be read keeps its problem, and the rest go on.

    Args:
        model: What to classify with.
        images: Picture files.
        runtime: Who computes.
        top: How many classes per picture.

    Raises:
        CapabilityMissing: If the runtime cannot compute the network.
    """
    predictor = runtime.load(model.graph, model.arrays)
    labels = model.labels or tuple(f"class {index}" for index in range(model.graph.classes))
    predictions: list[Prediction] = []
    try:
        for part in _parts(images):
            read = [read_picture(model, path) for path in part]
            pixels = [pixel for pixel in read if not isinstance(pixel, Problem)]
            rows: Iterator[npt.NDArray[np.float64]] = iter(())
            if pixels:
                logits = predictor.predict(np.stack(pixels))[model.graph.output]
                rows = iter(softmax(logits))
            for path, result in zip(part, read, strict=True):
                if isinstance(result, Problem):
                    predictions.append(Prediction(str(path), (), result))
                else:
                    predictions.append(Prediction(str(path), _best(next(rows), labels, top)))
    finally:
        predictor.close()
    return predictions


def softmax(logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """``exp(x) / Σ exp(x)`` over the last axis, in float64.

    >>> softmax(np.array([[0.0, 0.0]], np.float32))
    array([[0.5, 0.5]])
    """
    wide = logits.astype(np.float64)
    powers = np.exp(wide - wide.max(axis=-1, keepdims=True))
    probabilities: npt.NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities


def _parts(images: Sequence[Path]) -> Iterator[Sequence[Path]]:
    for start in range(0, len(images), BATCH):
        yield images[start : start + BATCH]


def read_picture(model: Model, path: Path) -> npt.NDArray[np.uint8] | Problem:
    """One picture as the network sees it, uint8 ``[H, W, C]``, or why not."""
    form, input = model.picture, model.graph.input
    try:
        picture = prepare_picture(
            path.read_bytes(), width=form.width, height=form.height, channels=form.channels, resize=form.resize
        )
    except OSError as reason:
        return Problem(
            f"Picture {path.name} cannot be read: {reason.strerror or reason}.", str(path), "Check the path."
        )
    except PictureUnreadable as reason:
        return Problem(f"Picture {path.name} cannot be read: {reason}.", str(path), "Use another picture.")
    return cut_middle(picture[None], input.height)[0] if picture.shape[:2] != (input.height, input.width) else picture


def _best(probabilities: npt.NDArray[np.float64], labels: Sequence[str], top: int) -> tuple[Guess, ...]:
    # A network may have more outputs than the dataset has classes; equal probabilities keep the order of labels.
    order = np.argsort(-probabilities[: len(labels)], kind="stable")[:top]
    return tuple(Guess(labels[index], float(probabilities[index])) for index in order)
