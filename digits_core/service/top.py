"""The pictures that each class scores highest, as the service tells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from PIL.Image import Image

from digits_core.dataset.progress import Progress
from digits_core.errors import NameUnknown, Problem, require, suggest
from digits_core.hooks.registry import Plugins
from digits_core.inference.classify import class_names
from digits_core.inference.model import load_model
from digits_core.inference.top import Ranked, TopClass, mosaic, top_pictures
from digits_core.service.classification import model_notes
from digits_core.service.pictures import open_referred
from digits_core.service.runtimes import choose_runtime
from digits_core.service.splits import find_split, open_split
from digits_core.service.views.classification import TopView
from digits_core.spec.top import TopSpec
from digits_core.store.home import Home

#: Pictures that one mosaic shows, in all and side by side or one above the other: with the largest it has 80 million
#: pixels then, and more make a picture that few programs open.
MOST_CELLS, MOST_ASIDE = 1000, 100


def find_top(
    home: Home,
    plugins: Plugins,
    model: str,
    wanted: TopSpec,
    *,
    runtime: str | None,
    backend: str | None,
    progress: Progress | None,
) -> TopView:
    """The pictures that each class scores highest; see `Digits.top`."""
    loaded = load_model(home, model)
    names = class_names(loaded)
    classes = class_numbers(names, wanted.classes)
    chosen = choose_runtime(loaded, runtime, backend, plugins)
    manifest = find_split(home, loaded, wanted.dataset, wanted.split)
    reader, pictures = open_split(home, loaded, manifest.reference, wanted.split)
    found = top_pictures(loaded, pictures, chosen.runtime, wanted.count, classes, progress)
    return TopView.model_validate(
        {
            "model": loaded.name,
            "backend": chosen.name,
            "dataset": manifest.name,
            "version": manifest.version,
            "split": wanted.split,
            "samples": len(reader),
            "classes": [asdict(one) for one in found],
            "notes": tuple(model_notes(loaded, chosen)),
        }
    )


def draw_mosaic(home: Home, view: TopView) -> Image:
    """What was found as one picture, as far as `mosaic_size` says: a row for each class."""
    reader = open_referred(home, f"{view.dataset}@{view.version}").split(view.split)  # type: ignore[arg-type]
    rows, columns = mosaic_size(view)
    classes = [
        TopClass(one.label, tuple(Ranked(**ranked.model_dump()) for ranked in one.pictures[:columns]))
        for one in view.classes[:rows]
    ]
    return mosaic(classes, reader)


def mosaic_size(view: TopView) -> tuple[int, int]:
    """How many classes a mosaic shows, the first ones, and how many pictures of each."""
    rows = min(len(view.classes), MOST_ASIDE)
    found = max(len(one.pictures) for one in view.classes)
    return rows, min(found, MOST_ASIDE, MOST_CELLS // rows)


def class_numbers(names: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """The numbers of the classes that are wanted; all where none is named.

    Raises:
        NameUnknown: With every one that the model does not know.
    """
    require((_unknown(name, names) for name in wanted if name not in names), NameUnknown)
    return [names.index(name) for name in wanted] or list(range(len(names)))


def _unknown(name: str, names: Sequence[str]) -> Problem:
    return Problem(f"The model knows no class {name!r}.", "class", suggest(name, names))
