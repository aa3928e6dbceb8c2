"""Requests for jobs that use a model or change a dataset, checked before a job is made: all that is wrong is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from digits_core.dataset.additions import differences
from digits_core.dataset.progress import Silence
from digits_core.errors import NameTaken, Problem, SourceInvalid, SpecInvalid, require, suggest
from digits_core.hooks.registry import Plugins
from digits_core.inference.classify import class_names
from digits_core.inference.model import Model, load_model
from digits_core.service.choices import require_installed
from digits_core.service.classification import open_pictures
from digits_core.service.complaints import Complaints
from digits_core.service.mining import Mine, open_mine, read_picture
from digits_core.service.pictures import open_referred
from digits_core.service.runtimes import NATIVE, ChosenRuntime, choose_runtime
from digits_core.service.splits import class_misfits, find_split, known_split
from digits_core.service.top import class_numbers
from digits_core.spec.change import Append, ChangeSpec, Merge
from digits_core.spec.mining import MiningSpec
from digits_core.spec.model import parse
from digits_core.spec.paths import expanded
from digits_core.spec.pictures import PicturesSpec
from digits_core.spec.task import (
    TASKS,
    ClassificationSpec,
    ErrorsSpec,
    ExportSpec,
    RankingSpec,
    SimilarSpec,
    TaskSpec,
    VersionSpec,
)
from digits_core.store.home import Home


def plan_task(home: Home, plugins: Plugins, kind: str, request: TaskSpec | Mapping[str, Any]) -> TaskSpec:
    """What a job is asked for: every name found, and where it says nothing, what it means.

    Args:
        home: Where models and datasets are.
        plugins: What can be named.
        kind: What the job does.
        request: What is asked for.

    Raises:
        RequestWrong: With everything that is wrong.
    """
    if kind not in _PLANS:
        raise SpecInvalid(f"There is no kind of job {kind!r}.", where="kind", hint=suggest(kind, _PLANS))
    return _PLANS[kind](home, plugins, parse(TASKS[kind].spec, request))


def _export(home: Home, plugins: Plugins, spec: ExportSpec) -> ExportSpec:
    complaints = Complaints()
    with complaints.gathered("format"):
        require_installed(plugins.exporters, spec.format)
        # Said by the entry: what writes it may import a framework, and this process may be a server.
        offered = plugins.exporters.entry(spec.format).entry.precisions
        if spec.precision not in offered:
            message = f"Format {spec.format} does not offer precision {spec.precision!r}."
            raise SpecInvalid(message, where="precision", hint=f"It offers {', '.join(offered)}.")
    model: Model | None = None
    with complaints.gathered("model"):
        model = load_model(home, spec.model)
    if spec.calibrate is not None and spec.precision != "int8":
        message = f"Only int8 is calibrated, found precision {spec.precision}."
        complaints.add(SpecInvalid(message, where="calibrate", hint="Leave it out, or ask for int8."))
    elif model is not None and spec.precision == "int8":
        with complaints.gathered("calibrate"):
            name, _, split = (spec.calibrate or "").partition(":")
            find_split(home, model, name or None, known_split(split or "train"))
    complaints.settle()
    assert model is not None
    return spec.model_copy(update={"model": model.name})


def _classification(home: Home, plugins: Plugins, spec: ClassificationSpec) -> ClassificationSpec:
    complaints = Complaints()
    model = _model(home, spec.model)
    pictures = _from_anywhere(spec.pictures)
    chosen = _chosen(model, spec.runtime, spec.backend, plugins, complaints)
    with complaints.gathered("images"):
        open_pictures(home, model, pictures)
    complaints.settle()
    return spec.model_copy(update={"model": model.name, "pictures": pictures, **_computing(chosen)})


def _ranking(home: Home, plugins: Plugins, spec: RankingSpec) -> RankingSpec:
    complaints, wanted = Complaints(), spec.wanted
    model = _model(home, spec.model)
    chosen = _chosen(model, spec.runtime, spec.backend, plugins, complaints)
    with complaints.gathered("classes"):
        class_numbers(class_names(model), wanted.classes)
    with complaints.gathered("dataset"):
        found = find_split(home, model, wanted.dataset, wanted.split)
        wanted = wanted.model_copy(update={"dataset": found.reference})
    complaints.settle()
    return spec.model_copy(update={"model": model.name, "wanted": wanted, **_computing(chosen)})


def _errors(home: Home, plugins: Plugins, spec: ErrorsSpec) -> ErrorsSpec:
    mine = open_mine(home, plugins, spec.look, Silence())
    manifest = mine.dataset.manifest
    require(class_misfits(mine.model, manifest), SpecInvalid)
    return spec.model_copy(update={"look": _looking(spec.look, mine)})


def _similar(home: Home, plugins: Plugins, spec: SimilarSpec) -> SimilarSpec:
    complaints, image = Complaints(), _absolute(spec.image)
    model = _model(home, spec.look.model)
    look = spec.look
    with complaints.gathered("look"):
        look = _looking(look, open_mine(home, plugins, look, Silence()))
    with complaints.gathered("image"):
        read_picture(model, image)
    complaints.settle()
    return spec.model_copy(update={"look": look, "image": image})


def _version(home: Home, plugins: Plugins, spec: VersionSpec) -> VersionSpec:
    complaints, change = Complaints(), _anywhere(spec.change)
    with complaints.gathered("dataset"):
        base = open_referred(home, spec.dataset)
        if isinstance(change, Merge):
            require(differences(base, open_referred(home, change.dataset)), SpecInvalid)
    if isinstance(change, Append):
        with complaints.gathered("source"):
            if change.source != "auto":
                require_installed(plugins.dataset_sources, change.source)
        absent = [path for path in (*change.paths, change.labels, change.prefix) if path and not path.exists()]
        for path in absent:
            complaints.add(SourceInvalid(Problem(f"{path} does not exist.", "paths", "Check the path.")))
    if spec.new_name is not None and home.dataset_folder(spec.new_name).exists():
        message = f"A dataset {spec.new_name!r} exists already."
        complaints.add(NameTaken(message, where="new_name", hint="Choose another name, or delete it."))
    complaints.settle()
    return spec.model_copy(update={"change": change})


_PLANS: Mapping[str, Callable[[Home, Plugins, Any], TaskSpec]] = MappingProxyType(
    {
        "export": _export,
        "classification": _classification,
        "top": _ranking,
        "errors": _errors,
        "similar": _similar,
        "version": _version,
    }
)


def _model(home: Home, name: str) -> Model:
    """The model, without which nothing else can be looked at."""
    complaints, model = Complaints(), None
    with complaints.gathered("model"):
        model = load_model(home, name)
    complaints.settle()
    assert model is not None
    return model


def _chosen(
    model: Model, runtime: str | None, backend: str | None, plugins: Plugins, complaints: Complaints
) -> ChosenRuntime | None:
    chosen = None
    with complaints.gathered("runtime"):
        chosen = choose_runtime(model, runtime, backend, plugins)
    return chosen


def _looking(look: MiningSpec, mine: Mine) -> MiningSpec:
    """The same look with everything that was found for it."""
    dataset = mine.dataset.manifest.reference
    found = {"model": mine.model.name, "dataset": dataset, "layer": mine.layer, **_computing(mine.chosen)}
    return look.model_copy(update=found)


def _computing(chosen: ChosenRuntime | None) -> dict[str, str | None]:
    """What computes, as requests name it."""
    assert chosen is not None
    name = chosen.runtime.name
    return {"runtime": name, "backend": chosen.name if name == NATIVE else None}


def _from_anywhere(pictures: PicturesSpec) -> PicturesSpec:
    """The same pictures for a process that works in another folder."""
    images = tuple(image if "://" in image else str(_absolute(image)) for image in pictures.images)
    prefix = _absolute(pictures.prefix) if pictures.prefix else None
    return pictures.model_copy(update={"images": images, "prefix": prefix})


def _anywhere(change: ChangeSpec) -> ChangeSpec:
    """The same change for a process that works in another folder."""
    if not isinstance(change, Append):
        return change
    named = {"labels": change.labels, "prefix": change.prefix}
    found = {key: _absolute(path) for key, path in named.items() if path is not None}
    return change.model_copy(update={"paths": tuple(map(_absolute, change.paths)), **found})


def _absolute(path: str | Path) -> Path:
    return expanded(path).absolute()
