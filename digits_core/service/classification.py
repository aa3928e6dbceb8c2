"""Classification as the service tells it: which snapshot, which runtime, and what a person should know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from digits_core.dataset.progress import Progress
from digits_core.errors import Problem
from digits_core.hooks.registry import Plugins
from digits_core.inference.classify import Prediction, classify, tally
from digits_core.inference.lists import list_pictures
from digits_core.inference.model import Model, load_model
from digits_core.inference.pictures import ListedPictures, Pictures
from digits_core.service.runtimes import ChosenRuntime, choose_runtime
from digits_core.service.views.classification import ClassificationView, GuessView, PredictionView
from digits_core.service.views.view import ErrorView
from digits_core.spec.model import parse
from digits_core.spec.pictures import PicturesSpec
from digits_core.store.home import Home
from digits_core.store.settings import read_settings


def classify_pictures(
    home: Home,
    plugins: Plugins,
    model: str,
    wanted: PicturesSpec | Sequence[str | Path],
    *,
    top: int,
    runtime: str | None,
    backend: str | None,
    progress: Progress | None,
) -> ClassificationView:
    """What pictures are taken for; see `Digits.classify`."""
    if not isinstance(wanted, PicturesSpec):
        wanted = parse(PicturesSpec, {"images": tuple(map(str, wanted))})
    loaded = load_model(home, model)
    chosen = choose_runtime(loaded, runtime, backend, plugins)
    pictures = _pictures(home, loaded, wanted)
    predictions = classify(loaded, pictures, chosen.runtime, top, progress=progress)
    counted = tally(predictions)
    told = asdict(counted) if counted else {}
    return ClassificationView(
        model=loaded.name,
        backend=chosen.name,
        predictions=tuple(prediction_view(prediction) for prediction in predictions),
        samples=told.get("samples"),
        accuracy=told.get("accuracy"),
        top5=told.get("top5"),
        unknown_labels=told.get("unknown"),
        notes=tuple(model_notes(loaded, chosen)),
    )


def model_notes(model: Model, chosen: ChosenRuntime) -> Iterator[str]:
    """What a person should know of the model that is used, and of what computes."""
    for problem in model.damaged:
        yield f"{Problem(problem.message, problem.where)} Using {model.name} instead."
    yield from chosen.notes


def _pictures(home: Home, model: Model, wanted: PicturesSpec) -> Pictures:
    if wanted.dataset is not None:
        from digits_core.service.splits import find_split, open_split

        manifest = find_split(home, model, wanted.dataset, wanted.split)
        return open_split(home, model, manifest.reference, wanted.split)[1]
    listed = list_pictures(wanted.images, wanted.prefix, by_folder=wanted.by_folder)
    if not any(one.is_url for one in listed):
        return ListedPictures(listed, model)
    from digits_core.inference.addresses import is_any, is_public
    from digits_core.inference.download import Downloader

    private = wanted.allow_private or read_settings(home).allow_private_addresses
    return ListedPictures(listed, model, Downloader(is_any if private else is_public))


def prediction_view(prediction: Prediction) -> PredictionView:
    """What a picture was taken for."""
    problem = prediction.problem
    return PredictionView(
        image=prediction.image,
        top=tuple(GuessView(label=guess.label, probability=guess.probability) for guess in prediction.top),
        truth=prediction.truth,
        rank=prediction.rank,
        error=ErrorView(message=str(Problem(problem.message, problem.where)), hint=problem.hint) if problem else None,
    )
