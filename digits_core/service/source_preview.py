"""What the creation of a dataset would find, said before anything is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from digits_core.dataset.create import check_words
from digits_core.dataset.gallery import png
from digits_core.dataset.manifest import count_classes
from digits_core.dataset.pictures import PictureUnreadable, prepare_picture
from digits_core.dataset.selection import Selection, select
from digits_core.errors import NameUnknown, Problem, SourceInvalid
from digits_core.hooks.registry import Plugins
from digits_core.service.complaints import Complaints, parse_words
from digits_core.service.resolve import resolve_dataset
from digits_core.service.source_looks import Listed, SourceLooks
from digits_core.service.views.datasets import SourcePictureView, SourcePreviewView
from digits_core.service.views.view import problem_dict
from digits_core.spec.dataset import SPLITS, DatasetSpec
from digits_core.spec.model import parse
from digits_core.store.home import Home

#: How long a picture may take to be listed for, once one was chosen from a listing.
_PATIENCE_S = 10.0


def preview_source(
    request: Mapping[str, Any], home: Home, plugins: Plugins, looks: SourceLooks, patience_s: float
) -> SourcePreviewView:
    """What the creation that is asked for would find; see `Digits.preview_source`."""
    complaints, listed, selection = Complaints(), None, None
    with complaints.gathered():
        resolve_dataset(request, home, plugins, "")
    spec = _lookable(request)
    if spec is not None:
        with complaints.gathered():
            check_words(spec)
        with complaints.gathered():
            listed = looks.listed(spec, patience_s)
        with complaints.gathered():
            selection = select(spec, [source.listing for source in listed.sources]) if listed else None
    problems = (problem for error in complaints.errors for problem in error.problems)
    return _view(_once(problems), listed, selection)


def source_picture(request: Mapping[str, Any], number: int, looks: SourceLooks) -> bytes:
    """The file of an example that `preview_source` offered, or PNG of its pixels; see `Digits.source_picture`."""
    spec = _lookable(request)
    listed = looks.listed(spec, _PATIENCE_S) if spec else None
    if listed is None or not 0 <= number < len(listed.examples):
        raise NameUnknown(f"There is no example picture {number}.", hint="Look at the source again.")
    source, key, _ = listed.examples[number]
    try:
        picture = listed.sources[source].source.read(key)
    except OSError as reason:
        hint = "Check the permissions."
        raise SourceInvalid(f"{key} cannot be read: {reason.strerror or reason}.", hint=hint) from None
    return picture if isinstance(picture, bytes) else png(np.asarray(picture))


def preview(picture: bytes, form: Mapping[str, Any]) -> bytes:
    """One picture as a dataset of that form would keep it; see `Digits.preview`."""
    spec = parse(DatasetSpec, {"name": "preview", "paths": (".",), **form})
    try:
        pixels = prepare_picture(
            picture, width=spec.width, height=spec.height, channels=spec.channels, resize=spec.resize
        )
    except PictureUnreadable as reason:
        raise SourceInvalid(f"The picture cannot be read: {reason}.", hint="Choose another one.") from None
    return png(pixels)


def _lookable(request: Mapping[str, Any]) -> DatasetSpec | None:
    """The request as far as its words are right, under whatever name; None where it names no pictures."""
    return parse_words(DatasetSpec, {**request, "name": "preview"}, "", Complaints())


def _once(problems: Iterable[Problem]) -> list[Problem]:
    """The problems without those that say of a path what another one said."""
    said: dict[str, Problem] = {}
    for problem in problems:
        said.setdefault(problem.message, problem)
    return list(said.values())


def _view(problems: Sequence[Problem], listed: Listed | None, selection: Selection | None) -> SourcePreviewView:
    told = tuple(problem_dict(problem) for problem in problems)
    if listed is None:
        return SourcePreviewView(complete=bool(told), problems=told)
    pictures = tuple(
        SourcePictureView(number=number, key=key, label=label) for number, (_, key, label) in enumerate(listed.examples)
    )
    if selection is None:
        return SourcePreviewView(complete=True, pictures=pictures, problems=told)
    counts = {
        split: np.bincount([sample.label for sample in selection.samples[split]], minlength=len(selection.labels))
        for split in SPLITS
    }
    found = Counter(
        item.label for source in listed.sources if source.listing.split is None for item in source.listing.items
    )
    return SourcePreviewView(
        complete=True,
        classes=count_classes(selection.labels, counts),
        left_out={name: count for name, count in sorted(found.items()) if name not in selection.labels},
        splits={split: len(selection.samples[split]) for split in SPLITS},
        pictures=pictures,
        problems=told,
    )
