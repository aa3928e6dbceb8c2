"""Classification as the service tells it: which snapshot, which runtime, and what a person should know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from digits_core.contracts.boundary import Boundary
from digits_core.dataset.progress import Progress
from digits_core.errors import Problem, SourceInvalid
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

if TYPE_CHECKING:
    from digits_core.inference.download import Downloader


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
    pictures = open_pictures(home, loaded, wanted)
    predictions = classify(loaded, pictures, chosen.runtime, top, progress=progress)
    counted = tally(predictions)
    told = asdict(counted) if counted else {}
    return ClassificationView(
        model=loaded.name,
        backend=chosen.name,
        predictions=tuple(_called(prediction_view(prediction), wanted.called) for prediction in predictions),
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


def open_pictures(home: Home, model: Model, wanted: PicturesSpec) -> Pictures:
    """The pictures that are to be classified, none of them read yet.

    Raises:
        NameUnknown: If there is no such dataset.
        SourceInvalid: With every folder and list that holds no pictures.
        SpecInvalid: If the dataset's pictures do not fit the model.
    """
    if wanted.dataset is not None:
        from digits_core.service.splits import find_split, open_split

        manifest = find_split(home, model, wanted.dataset, wanted.split)
        return open_split(home, model, manifest.reference, wanted.split)[1]
    boundary = Boundary(wanted.within)
    listed = list_pictures(wanted.images, wanted.prefix, by_folder=wanted.by_folder, boundary=boundary)
    fetches = any(one.is_url for one in listed)
    downloader = _downloader(home, private=wanted.allow_private) if fetches else None
    return ListedPictures(listed, model, downloader, boundary)


def _called(item: PredictionView, names: Mapping[str, str]) -> PredictionView:
    """What one picture is taken for, called as whoever asked calls it; where it is kept is in no message."""
    name, error = names.get(item.image, item.image), item.error
    if error is not None and name != item.image:
        called, kept = (f"Picture {place.rpartition('/')[2]} " for place in (name, item.image))
        message = error.message.replace(kept, called, 1).replace(item.image, name)
        error = error.model_copy(update={"message": message})
    return item.model_copy(update={"image": name, "error": error})


def download_picture(home: Home, url: str, *, private: bool) -> bytes:
    """A picture from the network; see `Digits.download`."""
    from digits_core.inference.download import DownloadRefused

    try:
        return _downloader(home, private=private).fetch(url)
    except DownloadRefused as reason:
        raise SourceInvalid(reason.problem) from None


def _downloader(home: Home, *, private: bool) -> Downloader:
    # Imported where there is a URL: what speaks HTTPS takes longer to import than a file takes to read.
    from digits_core.inference.addresses import is_any, is_public
    from digits_core.inference.download import Downloader

    return Downloader(is_any if private or read_settings(home).allow_private_addresses else is_public)


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
