"""The worker of a job that trains nothing: ``python -m digits_core.service.worker JOB_FOLDER [INDEX]``.

Datasets are made and models scored by `digits_core.tasks`. Everything else that takes long is a method of `Digits`: it
is called here as whoever waits for it would call it, and what it returns is kept in the job's folder.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from digits_core.dataset.progress import Silence
from digits_core.disk import new_entry, write_file
from digits_core.hooks.registry import discover
from digits_core.service.digits import Digits
from digits_core.service.task_results import FILES, RESULT
from digits_core.service.views.classification import ClassificationView, TopView
from digits_core.service.views.datasets import DatasetView
from digits_core.service.views.exports import ExportView
from digits_core.service.views.jobs import RateView
from digits_core.service.views.mining import ErrorsView, SimilarView
from digits_core.service.views.view import View
from digits_core.spec.dataset import DatasetSpec
from digits_core.spec.evaluation import EvaluationSpec
from digits_core.spec.task import (
    ClassificationSpec,
    ErrorsSpec,
    ExportSpec,
    RankingSpec,
    RateSearchSpec,
    SimilarSpec,
    VersionSpec,
)
from digits_core.store.job import JobFolder, TaskRequest
from digits_core.tasks.creation import create, hand_on
from digits_core.tasks.progress import JournaledProgress, Stopped
from digits_core.tasks.scoring import score
from digits_core.training.control import Control
from digits_core.training.preparation import Member, require_run
from digits_core.training.worker import main

#: Where an export is written before it is packed.
_WORK = "export"


def carry(job: JobFolder, control: Control, member: Member) -> None:
    """Do what the job was asked for.

    Raises:
        DigitsError: If it cannot be done.
    """
    request = job.task()
    with contextlib.suppress(Stopped):
        match request.spec:
            case DatasetSpec() as spec:
                create(job, spec, control, discover().dataset_sources, Silence())
            case EvaluationSpec() as spec:
                score(job, spec, control, member)
            case _:
                _perform(job, request, control)


def _perform(job: JobFolder, request: TaskRequest, control: Control) -> None:
    """Do what a method of `Digits` does; what comes of it is complete once ``result.json`` is there."""
    progress = JournaledProgress(job, control, Silence(), request.subject.computes)
    progress.begin()
    try:
        found = _WORKS[request.kind](Digits(job.home.path), request.spec, job, progress)
    except Stopped as stopped:
        progress.stop(stopped)
        raise
    write_file(job.path / RESULT, found.to_json())
    progress.finish()


def _export(digits: Digits, spec: ExportSpec, job: JobFolder, progress: JournaledProgress) -> ExportView:
    """Write the export and its manifest, and pack both."""
    folder = job.path / _WORK
    shutil.rmtree(folder, ignore_errors=True)  # What a run before has left that was killed.
    folder.mkdir()
    place = folder / digits.export_name(spec.model, spec.format)
    asked: dict[str, Any] = spec.model_dump(include={"precision", "calibrate", "tolerance"})
    view = digits.export(spec.model, spec.format, place, tell=progress.tell, **asked)
    progress.tell(f"Packing {place.name} …")
    with new_entry(job.path / FILES, replace=True) as packed:
        shutil.make_archive(str(packed.with_suffix("")), "zip", folder)
    shutil.rmtree(folder)
    # Where it was written is gone: what is told is where it lies in the package.
    return view.model_copy(update={"path": place.name, "manifest_path": Path(view.manifest_path).name})


def _classify(
    digits: Digits, spec: ClassificationSpec, job: JobFolder, progress: JournaledProgress
) -> ClassificationView:
    by = {"runtime": spec.runtime, "backend": spec.backend}
    return digits.classify(spec.model, spec.pictures, top=spec.top, progress=progress, **by)


def _find_top(digits: Digits, spec: RankingSpec, job: JobFolder, progress: JournaledProgress) -> TopView:
    by = {"runtime": spec.runtime, "backend": spec.backend}
    return digits.top(spec.model, spec.wanted, progress=progress, **by)


def _find_errors(digits: Digits, spec: ErrorsSpec, job: JobFolder, progress: JournaledProgress) -> ErrorsView:
    return digits.errors(spec.look, count=spec.count, by=spec.by, duplicates=spec.duplicates, progress=progress)


def _find_similar(digits: Digits, spec: SimilarSpec, job: JobFolder, progress: JournaledProgress) -> SimilarView:
    view = digits.similar(spec.look, spec.image, count=spec.count, progress=progress)
    return view.model_copy(update={"image": spec.called or view.image})


def _change(digits: Digits, spec: VersionSpec, job: JobFolder, progress: JournaledProgress) -> DatasetView:
    made = digits.change_dataset(spec.dataset, spec.change, new_name=spec.new_name, progress=progress)
    if spec.new_name is not None:
        hand_on(job, spec.new_name)
    return DatasetView.of(made)


def _find_rate(digits: Digits, spec: RateSearchSpec, job: JobFolder, progress: JournaledProgress) -> RateView:
    return digits.find_rate(spec.job, on=require_run(job).devices, progress=progress)


_WORKS: Mapping[str, Callable[[Digits, Any, JobFolder, JournaledProgress], View]] = MappingProxyType(
    {
        "export": _export,
        "classification": _classify,
        "top": _find_top,
        "errors": _find_errors,
        "similar": _find_similar,
        "version": _change,
        "rate": _find_rate,
    }
)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], carry))
