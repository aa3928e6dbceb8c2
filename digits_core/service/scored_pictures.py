"""How well a model does on files whose classes are known, as the service tells it; pictures of a dataset take a job."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from digits_core.dataset.progress import Progress, Silence
from digits_core.errors import Problem, SourceInvalid, SpecInvalid
from digits_core.hooks.registry import Plugins
from digits_core.inference.classify import Labels, class_names
from digits_core.inference.evaluate import Scorer
from digits_core.inference.model import Model, load_model
from digits_core.inference.pictures import Pictures
from digits_core.inference.predicting import predict
from digits_core.service.classification import model_notes, open_pictures
from digits_core.service.runtimes import ChosenRuntime, choose_runtime
from digits_core.service.views.evaluation import EvaluationView
from digits_core.service.views.view import ErrorView
from digits_core.spec.pictures import PicturesSpec
from digits_core.store.home import Home


def score_pictures(
    home: Home,
    plugins: Plugins,
    model: str,
    wanted: PicturesSpec,
    *,
    runtime: str | None,
    backend: str | None,
    progress: Progress | None,
) -> EvaluationView:
    """How well a model does on files; see `Digits.evaluate_pictures`."""
    loaded = load_model(home, model)
    chosen = choose_runtime(loaded, runtime, backend, plugins)
    pictures = open_pictures(home, loaded, wanted)
    truths = list(_truths(loaded, pictures))
    if not set(truths).intersection(class_names(loaded)):
        raise _nothing_known(loaded, truths)
    scorer, problems = _scored(loaded, pictures, truths, chosen, progress or Silence())
    if not (found := scorer.evaluation()).samples:
        raise SourceInvalid(*(problems or (_nothing_known(loaded, truths).problems)))
    return EvaluationView.model_validate(
        {
            "model": loaded.name,
            "pictures": wanted.words,
            "backend": chosen.name,
            "unlabelled": truths.count(None),
            "errors": [ErrorView(message=problem.message, hint=problem.hint) for problem in problems],
            "notes": tuple(model_notes(loaded, chosen)),
            **found.to_dict(),
        }
    )


def _truths(model: Model, pictures: Pictures) -> Iterator[str | None]:
    """The class of each picture: the model's name of it, what was told where it has none, None where nothing was."""
    names = class_names(model)
    labels = Labels(names)
    for number in range(len(pictures)):
        truth = pictures.truth(number)
        known = None if truth is None else labels.number(truth)
        yield truth if known is None else names[known]


def _scored(
    model: Model, pictures: Pictures, truths: list[str | None], chosen: ChosenRuntime, progress: Progress
) -> tuple[Scorer, list[Problem]]:
    """The scores of all pictures whose class was told, and why others could not be read."""
    told = sorted({truth for truth in truths if truth is not None})
    places = {truth: place for place, truth in enumerate(told)}
    labels = np.array([-1 if truth is None else places[truth] for truth in truths], np.int32)
    scorer = Scorer(class_names(model), told)
    problems: list[Problem] = []
    predictor = chosen.runtime.load(model.graph, model.arrays)
    progress.start(len(pictures), f"Scoring {model.name}")
    try:
        for numbers, logits, unread in predict(predictor, model.graph.output, pictures):
            problems += unread.values()
            of_class = labels[numbers] >= 0
            if of_class.any():
                scorer.add(logits[of_class], labels[numbers][of_class])
            progress.advance(len(numbers) + len(unread))
    finally:
        predictor.close()
    return scorer, problems


def _nothing_known(model: Model, truths: list[str | None]) -> SpecInvalid:
    found = sorted({truth for truth in truths if truth is not None})[:10]
    hint = "A list names the class after each picture; else the folder that it lies in is its class."
    message = f"Model {model.name} expects pictures of its classes, {', '.join(class_names(model)[:10])}; found"
    return SpecInvalid(f"{message} {', '.join(found) or 'none whose class is told'}.", where="images", hint=hint)
