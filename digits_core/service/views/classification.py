"""Read models of what pictures are taken for."""

from __future__ import annotations

from digits_core.service.views.view import ErrorView, View


class GuessView(View):
    """A label and how likely it is."""

    label: str
    """Name of the class."""
    probability: float
    """From 0 to 1."""


class PredictionView(View):
    """What a picture was taken for."""

    image: str
    """The picture, as it was named."""
    top: tuple[GuessView, ...]
    """The most likely classes, best first."""
    truth: str | None = None
    """Its class, where it was told."""
    rank: int | None = None
    """The place of its class among all guesses, from 1; nothing where the model does not know that class."""
    error: ErrorView | None = None
    """Why it could not be read."""


class ClassificationView(View):
    """What several pictures were taken for."""

    model: str
    """The snapshot that was used."""
    backend: str
    """What computed: onnx, or the name of a backend."""
    predictions: tuple[PredictionView, ...]
    """In the order of the pictures."""
    samples: int | None = None
    """Pictures whose class was told and is one of the model's; this and the next where any class was told."""
    accuracy: float | None = None
    """Share of those whose class is the first guess."""
    top5: float | None = None
    """Share of those whose class is among the first five."""
    unknown_labels: dict[str, int] | None = None
    """Classes that were told and that the model does not know, and how many pictures are of each."""
    notes: tuple[str, ...] = ()
    """What a person should know."""


class RankedView(View):
    """A picture that scores high in a class."""

    number: int
    """Which picture of the split, from 0."""
    image: str
    """Where it came from."""
    probability: float
    """Of the class, from 0 to 1."""
    truth: str
    """Its own class."""


class TopClassView(View):
    """A class and the pictures that score highest in it."""

    label: str
    """Name of the class."""
    pictures: tuple[RankedView, ...]
    """The highest first."""


class TopView(View):
    """The pictures that each class scores highest."""

    model: str
    """The snapshot that was used."""
    backend: str
    """What computed: onnx, or the name of a backend."""
    dataset: str
    """Whose pictures."""
    version: str = ""
    """Which version of it."""
    split: str
    """Which of them."""
    samples: int
    """How many were looked at."""
    classes: tuple[TopClassView, ...]
    """In the order of labels."""
    notes: tuple[str, ...] = ()
    """What a person should know."""
