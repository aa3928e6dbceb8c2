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
    error: ErrorView | None = None
    """Why it could not be read."""


class ClassificationView(View):
    """What several pictures were taken for."""

    model: str
    """The snapshot that was used."""
    backend: str
    """What computed: ``onnx``, or the name of a backend."""
    predictions: tuple[PredictionView, ...]
    """In the order of the pictures."""
    notes: tuple[str, ...] = ()
    """What a person should know."""
