"""Which pictures an evaluation took for which class."""

from __future__ import annotations

import numpy as np

from digits_core.errors import NameUnknown, Problem, StateConflict, require, suggest
from digits_core.inference.guesses import read_guesses
from digits_core.service.pictures import open_referred
from digits_core.service.views.evaluation import ConfusedView, EvaluationView, GuessedView
from digits_core.store.home import Home
from digits_core.store.job import JobFolder

GUESSES = "guesses.npy"


def confused_pictures(
    home: Home, found: EvaluationView, truth: str | None, taken: str | None, page: int, count: int
) -> ConfusedView:
    """The pictures behind an evaluation; see `Digits.confused`."""
    folder = JobFolder(home.job_folder(found.job))
    if not (folder.path / GUESSES).exists():
        hint = f"Evaluate again: digits evaluate {found.model} --split {found.split}."
        raise StateConflict(f"Evaluation {folder.id} did not keep what it took each picture for.", hint=hint)
    opened = open_referred(home, f"{found.dataset}@{found.version}")
    names = opened.manifest.labels
    wrong = [_unknown(truth, names, "truth"), _unknown(taken, found.labels, "taken")]
    require((problem for problem in wrong if problem), NameUnknown)
    reader = opened.split(found.split)  # type: ignore[arg-type]
    rows = read_guesses(folder.path / GUESSES, len(reader))
    wanted = rows["taken"] >= 0
    if truth is not None:
        wanted &= reader.labels == names.index(truth)
    if taken is not None:
        wanted &= rows["taken"] == found.labels.index(taken)
    places = np.flatnonzero(wanted)
    places = places[np.argsort(-rows["probability"][places], kind="stable")]
    pictures = tuple(
        GuessedView(
            split=found.split,
            index=place,
            key=reader.key(place),
            hash=reader.hash(place),
            label=names[int(reader.labels[place])],
            taken=found.labels[int(rows["taken"][place])],
            probability=float(rows["probability"][place]),
        )
        for place in places[page * count : (page + 1) * count].tolist()
    )
    asked = found.model_dump(include={"job", "model", "dataset", "version", "split"})
    return ConfusedView(**asked, truth=truth, taken=taken, total=len(places), page=page, pictures=pictures)


def _unknown(name: str | None, known: tuple[str, ...], where: str) -> Problem | None:
    if name is None or name in known:
        return None
    return Problem(f"There is no class {name!r}.", where, suggest(name, known))
