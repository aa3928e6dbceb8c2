"""Evaluation as the service asks for it and tells what was found."""

from __future__ import annotations

import json
from collections.abc import Iterator

from digits_core.contracts.backend import Backend
from digits_core.dataset.manifest import DatasetManifest
from digits_core.errors import Problem, SpecInvalid, require
from digits_core.hooks.registry import Plugins, Registry
from digits_core.inference.model import Model, load_model, plain_name
from digits_core.scheduling.requests import parse_devices
from digits_core.scheduling.scheduler import next_ticket
from digits_core.service.choices import check_devices
from digits_core.service.pictures import find_dataset
from digits_core.service.resolve import free_name
from digits_core.service.runs import Runs
from digits_core.service.runtimes import computing_backend
from digits_core.service.tasks import now
from digits_core.service.views import EvaluationView
from digits_core.spec.dataset import Split
from digits_core.spec.evaluation import EvaluationSpec
from digits_core.store.home import Home
from digits_core.store.job import JobFolder, RunRequest, TaskRequest

EVALUATION = "evaluation.json"


def submit_evaluation(
    home: Home,
    runs: Runs,
    plugins: Plugins,
    model: str,
    *,
    dataset: str | None,
    split: Split,
    backend: str | None,
    devices: str,
) -> JobFolder:
    """Make the job that scores a model; see `Digits.evaluate`.

    Raises:
        RequestWrong: With everything that is wrong.
    """
    loaded = load_model(home, model)
    manifest = find_dataset(home, dataset or _own_dataset(home, loaded))
    name, _ = computing_backend(loaded, backend, plugins)
    require([*_misfits(loaded, manifest, split), *_too_many(devices, name, plugins.backends)], SpecInvalid)
    id = free_name(f"evaluation-{plain_name(loaded.name)}", home)
    spec = EvaluationSpec(model=loaded.name, dataset=manifest.name, split=split, backend=name, devices=devices)
    runs.forget(id)
    run = RunRequest(backend=name, wanted=devices, ticket=next_ticket(home), trains=False)
    return JobFolder.create(home, TaskRequest(kind="evaluation", id=id, created=now(), spec=spec), None, run)


def _own_dataset(home: Home, model: Model) -> str:
    if model.state is None:
        raise SpecInvalid(f"Model {model.name} was not trained here, so a dataset has to be named.", where="--dataset")
    return JobFolder(home.job_folder(model.name.partition("@")[0])).request().spec.dataset


def evaluation_view(folder: JobFolder) -> EvaluationView:
    """What a job that scores a model has found; it is done."""
    request = folder.whole_request()
    assert isinstance(request, TaskRequest) and isinstance(request.spec, EvaluationSpec)
    spec = request.spec
    found = json.loads((folder.path / EVALUATION).read_bytes())
    return EvaluationView(
        job=request.id, model=spec.model, dataset=spec.dataset, split=spec.split, backend=spec.backend, **found
    )


def _misfits(model: Model, manifest: DatasetManifest, split: Split) -> Iterator[Problem]:
    form = model.picture
    expected, found = (form.height, form.width, form.channels), tuple(manifest.size)
    if found != expected:
        wanted, given = (f"{width}x{height}x{channels}" for height, width, channels in (expected, found))
        yield Problem(
            f"Model {model.name} expects pictures of {wanted}, found {given} in dataset {manifest.name}.",
            "dataset",
            f"Make a dataset with --size {form.width}x{form.height} --channels {form.channels}.",
        )
    if not manifest.splits.get(split, 0):
        given = ", ".join(name for name, count in manifest.splits.items() if count)
        yield Problem(f"Dataset {manifest.name} has no {split} pictures.", "split", f"It has {given}.")
    if not set(manifest.labels) & set(model.labels):
        yield Problem(
            f"Dataset {manifest.name} has none of the classes of model {model.name}.",
            "dataset",
            f"Those are {', '.join(model.labels[:10])}.",
        )


def _too_many(devices: str, backend: str, backends: Registry[Backend]) -> Iterator[Problem]:
    check_devices(devices, backend, backends)
    request = parse_devices(devices)
    if request.count > 1 or len(request.ids) > 1:
        yield Problem(f"An evaluation runs on one device, found {devices!r}.", "devices", "Write auto, cpu or gpu.")
