"""Evaluation as the service asks for it and tells what was found."""

from __future__ import annotations

import json
from collections.abc import Iterator

from digits_core.errors import Problem, SpecInvalid, StateConflict, require
from digits_core.hooks.registry import Plugins
from digits_core.inference.model import load_model
from digits_core.scheduling.requests import parse_devices
from digits_core.service.choices import check_devices
from digits_core.service.pictures import find_dataset
from digits_core.service.runs import Runs, require_done
from digits_core.service.runtimes import NATIVE, choose_runtime
from digits_core.service.splits import class_misfits, own_dataset, size_misfits
from digits_core.service.tasks import submit_task
from digits_core.service.views.evaluation import EvaluationView
from digits_core.service.views.jobs import JobView
from digits_core.spec.dataset import Split, split_reference
from digits_core.spec.evaluation import EvaluationSpec
from digits_core.store.home import Home
from digits_core.store.job import JobFolder

EVALUATION = "evaluation.json"
#: Devices as they are asked for where nobody asks for any.
AUTO = "auto"


def plan_evaluation(
    home: Home,
    plugins: Plugins,
    model: str,
    *,
    dataset: str | None,
    split: Split,
    runtime: str | None,
    backend: str | None,
    devices: str,
) -> EvaluationSpec:
    """What a job that scores a model is asked for; see `Digits.evaluate`.

    Raises:
        RequestWrong: With everything that is wrong.
    """
    loaded = load_model(home, model)
    manifest = find_dataset(home, dataset or own_dataset(home, loaded))
    # Who asks for devices wants a backend: other runtimes choose theirs by themselves.
    wanted = NATIVE if runtime is None and devices != AUTO else runtime
    chosen = choose_runtime(loaded, wanted, backend, plugins)
    native = chosen.runtime.name == NATIVE
    if native:
        check_devices(devices, chosen.name, plugins.backends)
    misfits = (*size_misfits(loaded, manifest, split), *class_misfits(loaded, manifest))
    require([*misfits, *(_too_many(devices) if native else _needless(devices, chosen.name))], SpecInvalid)
    return EvaluationSpec(
        model=loaded.name,
        dataset=manifest.reference,
        split=split,
        runtime=chosen.runtime.name,
        backend=chosen.name if native else "",
        devices=devices,
    )


def submit_evaluation(home: Home, runs: Runs, spec: EvaluationSpec) -> JobFolder:
    """Make the job that scores a model; without a backend it needs no devices, so it runs while others train on all."""
    wanted = spec.devices if spec.backend else ""
    return submit_task(home, runs, "evaluation", spec, backend=spec.backend, wanted=wanted)


def evaluation_view(folder: JobFolder) -> EvaluationView:
    """What a job that scores a model has found; it is done."""
    request = folder.task()
    spec = request.spec
    assert isinstance(spec, EvaluationSpec)
    found = json.loads((folder.path / EVALUATION).read_bytes())
    name, version = split_reference(spec.dataset)
    asked = {"model": spec.model, "dataset": name, "version": version or "", "split": spec.split}
    return EvaluationView.model_validate({"job": request.id, **asked, "backend": spec.computes, **found})


def evaluation_of(folder: JobFolder, view: JobView) -> EvaluationView:
    """The same of a job that may be another.

    Raises:
        StateConflict: If it scores no model, or is not done.
    """
    if view.kind != "evaluation":
        raise StateConflict(f"Job {view.job} scores no model.", hint="Score one with: digits evaluate MODEL.")
    require_done(view)
    return evaluation_view(folder)


def _too_many(devices: str) -> Iterator[Problem]:
    request = parse_devices(devices)
    if request.count > 1 or len(request.ids) > 1:
        yield Problem(f"An evaluation runs on one device, found {devices!r}.", "devices", "Write auto, cpu or gpu.")


def _needless(devices: str, runtime: str) -> Iterator[Problem]:
    if devices != AUTO:
        hint = f"Leave devices out, or use a backend: --runtime {NATIVE}."
        yield Problem(f"Runtime {runtime} is given no devices, found {devices!r}.", "devices", hint)
