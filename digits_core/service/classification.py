"""Classification as the service tells it: which snapshot, which runtime, and what a person should know."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from digits_core.errors import Problem
from digits_core.hooks.registry import Plugins
from digits_core.inference.classify import Prediction, classify
from digits_core.inference.model import load_model
from digits_core.service.runtimes import choose_runtime
from digits_core.service.views import ClassificationView, ErrorView, GuessView, PredictionView
from digits_core.store.home import Home


def classify_pictures(
    home: Home,
    plugins: Plugins,
    model: str,
    images: Sequence[Path],
    *,
    top: int,
    runtime: str | None,
    backend: str | None,
) -> ClassificationView:
    """What pictures are taken for; see `Digits.classify`."""
    loaded = load_model(home, model)
    chosen = choose_runtime(loaded, runtime, backend, plugins)
    predictions = classify(loaded, images, chosen.runtime, top)
    return ClassificationView(
        model=loaded.name,
        backend=chosen.name,
        predictions=tuple(prediction_view(prediction) for prediction in predictions),
        notes=(
            *(f"{Problem(problem.message, problem.where)} Using {loaded.name} instead." for problem in loaded.damaged),
            *chosen.notes,
        ),
    )


def prediction_view(prediction: Prediction) -> PredictionView:
    """What a picture was taken for."""
    problem = prediction.problem
    return PredictionView(
        image=prediction.image,
        top=tuple(GuessView(label=guess.label, probability=guess.probability) for guess in prediction.top),
        error=ErrorView(message=str(Problem(problem.message, problem.where)), hint=problem.hint) if problem else None,
    )
