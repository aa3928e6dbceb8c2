"""A model that stays loaded and answers again and again, from any thread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digits_core.contracts.runtime import Runtime
from digits_core.dataset.pictures import PictureUnreadable, Pixels, prepare_picture
from digits_core.errors import Problem
from digits_core.inference.classify import Guess, Labels, Prediction, class_names, softmax
from digits_core.inference.model import Model
from digits_core.inference.pictures import as_seen


class Classifier:
    """A model that is ready to classify encoded pictures.

    Args:
        model: What to classify with.
        runtime: Who computes.

    Raises:
        CapabilityMissing: If the runtime cannot compute the network.
    """

    def __init__(self, model: Model, runtime: Runtime) -> None:
        self._model = model
        self._labels = Labels(class_names(model))
        self._predictor = runtime.load(model.graph, model.arrays)
        taken = model.graph.input
        # What runtimes put off until the first picture is done now, before anybody waits for it.
        self._predictor.predict(np.zeros((1, taken.height, taken.width, taken.channels), np.uint8))

    def classify(self, pictures: Sequence[tuple[str, bytes]], top: int) -> list[Prediction]:
        """The most likely classes of every picture; one that cannot be read keeps its problem, and the rest go on.

        Args:
            pictures: Names and encoded bytes; all go through the network together.
            top: How many classes per picture.
        """
        read = [(name, self._prepared(name, data)) for name, data in pictures]
        pixels = [pixel for _, pixel in read if not isinstance(pixel, Problem)]
        guesses = iter(self._guesses(np.stack(pixels), top) if pixels else ())
        return [
            Prediction(name, (), pixel) if isinstance(pixel, Problem) else Prediction(name, next(guesses))
            for name, pixel in read
        ]

    def close(self) -> None:
        """Release what it holds."""
        self._predictor.close()

    def _prepared(self, name: str, data: bytes) -> Pixels | Problem:
        form, input = self._model.picture, self._model.graph.input
        try:
            pixels = prepare_picture(
                data, width=form.width, height=form.height, channels=form.channels, resize=form.resize
            )
        except PictureUnreadable as reason:
            return Problem(f"Picture {name} cannot be read: {reason}.", name, "Use another picture.")
        seen: Pixels = as_seen(pixels[None], input)[0]
        return seen

    def _guesses(self, pixels: Pixels, top: int) -> list[tuple[Guess, ...]]:
        rows = softmax(self._predictor.predict(pixels)[self._model.graph.output])
        return [self._labels.best(row, top) for row in rows]
