"""Classification as the service tells it: which snapshot, which backend, and what a person should know."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from digits_core.errors import Problem
from digits_core.hooks.registry import Plugins
from digits_core.inference.classify import Prediction, classify
from digits_core.inference.model import Model, load_model
from digits_core.inference.runtimes import BackendRuntime
from digits_core.service.choices import choose_backend
from digits_core.service.native import require_own_backend
from digits_core.service.views import ClassificationView, ErrorView, GuessView, PredictionView
from digits_core.store.home import Home


def classify_pictures(
    home: Home, plugins: Plugins, model: str, images: Sequence[Path], top: int, backend: str | None
) -> ClassificationView:
    """What pictures are taken for; see `Digits.classify`."""
    loaded = load_model(home, model)
    name, notes = computing_backend(loaded, backend, plugins)
    runtime = BackendRuntime(plugins.backends.get(name)(), loaded.options)
    predictions = classify(loaded, images, runtime, top)
    return ClassificationView(
        model=loaded.name,
        backend=name,
        predictions=tuple(_view(prediction) for prediction in predictions),
        notes=(
            *(f"{Problem(problem.message, problem.where)} Using {loaded.name} instead." for problem in loaded.damaged),
            *notes,
        ),
    )


def computing_backend(model: Model, wanted: str | None, plugins: Plugins) -> tuple[str, tuple[str, ...]]:
    """The backend that computes: the wanted one, else the job's own, else the first that is installed.

    Raises:
        NameUnknown: If there is none of the wanted name.
        PluginMissing: If what it needs is not installed.
        CapabilityMissing: If the network is native to another one.
    """
    own = model.state.backend if model.state else "auto"
    missing = wanted is None and own != "auto" and own not in plugins.backends.available()
    name = choose_backend("auto" if missing else wanted or own, plugins.backends)
    require_own_backend(model.graph, name)
    return name, (f"Backend {own} is not installed here; {name} computes.",) if missing else ()


def _view(prediction: Prediction) -> PredictionView:
    problem = prediction.problem
    return PredictionView(
        image=prediction.image,
        top=tuple(GuessView(label=guess.label, probability=guess.probability) for guess in prediction.top),
        error=ErrorView(message=str(Problem(problem.message, problem.where)), hint=problem.hint) if problem else None,
    )
