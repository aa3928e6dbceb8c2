"""What jobs that train nothing came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from digits_core.dataset.manifest import FIRST_VERSION
from digits_core.errors import StateConflict
from digits_core.service.evaluation import evaluation_view
from digits_core.service.pictures import find_dataset
from digits_core.service.runs import require_done
from digits_core.service.views.classification import ClassificationView, TopView
from digits_core.service.views.datasets import DatasetView
from digits_core.service.views.exports import ExportView
from digits_core.service.views.jobs import JobView, RateView
from digits_core.service.views.mining import ErrorsView, SimilarView
from digits_core.service.views.view import View
from digits_core.store.job import JobFolder

#: In the job's folder: what it came to, and the files of an export in one.
RESULT, FILES = "result.json", "result.zip"


def result_of(folder: JobFolder, view: JobView) -> View:
    """What a job found or made, as its kind tells it.

    Raises:
        StateConflict: If it trains, or is not done.
    """
    if view.kind not in _RESULTS:
        hint = f"What it has learned is model {view.job}@best."
        raise StateConflict(f"Job {view.job} trains, and has no other result.", hint=hint)
    require_done(view)
    return _RESULTS[view.kind](folder)


def result_file(folder: JobFolder, view: JobView) -> Path:
    """The zip archive of what a job has exported.

    Raises:
        StateConflict: If it exports nothing, or is not done.
    """
    if view.kind != "export":
        raise StateConflict(f"Job {view.job} exports no model.", hint="Name a job that does.")
    require_done(view)
    return folder.path / FILES


def _kept(kind: type[View]) -> Callable[[JobFolder], View]:
    return lambda folder: kind.model_validate_json((folder.path / RESULT).read_bytes())


def _dataset(folder: JobFolder) -> View:
    return DatasetView.of(find_dataset(folder.home, f"{folder.task().subject.dataset}@{FIRST_VERSION}"))


_RESULTS: Mapping[str, Callable[[JobFolder], View]] = MappingProxyType(
    {
        "dataset": _dataset,
        "evaluation": evaluation_view,
        "export": _kept(ExportView),
        "classification": _kept(ClassificationView),
        "top": _kept(TopView),
        "errors": _kept(ErrorsView),
        "similar": _kept(SimilarView),
        "version": _kept(DatasetView),
        "rate": _kept(RateView),
    }
)
