"""Names become things; everything that is wrong with a request is found before anything is made."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from digits_core.contracts.backend import Backend
from digits_core.dataset.manifest import DatasetManifest
from digits_core.dataset.opened import open_dataset
from digits_core.errors import (
    DatasetUnusable,
    DigitsError,
    NameTaken,
    NameUnknown,
    PluginMissing,
    Problem,
    RequestWrong,
    SourceInvalid,
    SpecInvalid,
    suggest,
)
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.hooks.registry import Plugins, Registry
from digits_core.scheduling.inventory import machine_devices
from digits_core.scheduling.nodes import ALONE, Place
from digits_core.scheduling.requests import parse_devices, require_devices
from digits_core.scheduling.scheduler import device_kinds
from digits_core.service.networks import build_network
from digits_core.spec.dataset import DatasetSpec
from digits_core.spec.job import JobSpec
from digits_core.spec.model import ModelT, parse
from digits_core.store.home import Home
from digits_core.store.job import JobRequest, PictureForm
from digits_core.store.settings import read_settings

#: The order in which ``backend: auto`` looks for one.
PREFERRED_BACKENDS = ("torch", "jax", "tensorflow", "numpy")


class Complaints:
    """Collects what is wrong with a request, so that it is refused once."""

    def __init__(self) -> None:
        self.errors: list[DigitsError] = []

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Keep an error of the block and go on after it."""
        try:
            yield
        except RequestWrong as wrong:
            self.errors.append(wrong)

    def add(self, error: DigitsError) -> None:
        """Keep an error."""
        self.errors.append(error)

    def settle(self) -> None:
        """Raise everything that was gathered: as its own class where there is only one, else as `RequestWrong`."""
        kinds = {type(error) for error in self.errors}
        problems = dict.fromkeys(problem for error in self.errors for problem in error.problems)
        if kinds:
            raise (kinds.pop() if len(kinds) == 1 else RequestWrong)(*problems)


@dataclass(frozen=True, slots=True)
class ResolvedJob:
    """A job that can be made.

    Attributes:
        request: What was asked, every name resolved.
        graph: The network.
        pictures: How many there are to train on.
    """

    request: JobRequest
    graph: Graph
    pictures: int


def resolve_dataset(request: DatasetSpec | Mapping[str, Any], home: Home, plugins: Plugins, where: str) -> DatasetSpec:
    """The request for a dataset that can be made, as far as can be said without reading its pictures.

    Raises:
        RequestWrong: With everything that is wrong.
    """
    complaints = Complaints()
    spec = _words(DatasetSpec, request, where, complaints)
    if spec is not None:
        if home.dataset_folder(spec.name).exists():
            complaints.add(_taken("dataset", spec.name))
        if spec.source != "auto":
            with complaints.gathered():
                require_installed(plugins.dataset_sources, spec.source)
        for path in (*spec.paths, *filter(None, (spec.val_path, spec.test_path, spec.labels, spec.prefix))):
            if not path.expanduser().exists():
                complaints.add(SourceInvalid(f"{path} does not exist.", hint="Check the path."))
    complaints.settle()
    assert spec is not None
    return spec


def resolve_job(
    request: JobSpec | Mapping[str, Any], home: Home, plugins: Plugins, where: str, place: Place = ALONE
) -> ResolvedJob:
    """The job that can be made; imports no backend, whose claims its own worker checks before it takes memory.

    Args:
        request: What is asked for.
        home: Where the job is to be.
        plugins: What can be named.
        where: Where the request is from, for errors.
        place: Which of several machines asks; the first makes the job.

    Raises:
        RequestWrong: With everything that is wrong.
    """
    complaints = Complaints()
    spec = _words(JobSpec, request, where, complaints)
    if spec is None:
        complaints.settle()
    assert spec is not None
    manifest: DatasetManifest | None = None
    graph: Graph | None = None
    backend = ""
    with complaints.gathered():
        manifest = find_dataset(home, spec.dataset)
    with complaints.gathered():
        graph = build_network(spec.network, _input(spec, manifest, complaints), plugins.network_families)
    with complaints.gathered():
        backend = choose_backend(spec.backend, plugins.backends, read_settings(home).interpreters)
    with complaints.gathered():
        check_devices(spec.devices, backend, plugins.backends)
    if spec.name is None and place.count > 1:
        message = f"A job on {place.count} nodes expects a name, found none."
        complaints.add(SpecInvalid(message, where="name", hint="Add --name: all nodes mean the same job by it."))
    if spec.name and home.job_folder(spec.name).exists() and place.rank == 0:
        complaints.add(_taken("job", spec.name))
    complaints.settle()
    assert manifest is not None and graph is not None
    found = _job_request(spec, manifest, graph, backend, home)
    return ResolvedJob(found, graph, manifest.splits.get("train", 0))


def find_dataset(home: Home, name: str) -> DatasetManifest:
    """The manifest of a dataset whose files are all there.

    Raises:
        NameUnknown: If there is no such dataset.
        DatasetUnusable: If it is damaged.
    """
    if name not in home.dataset_names():
        hint = suggest(name, home.dataset_names())
        raise NameUnknown(f"There is no dataset {name!r}.", hint=f"{hint} Make one with: digits dataset create.")
    return open_dataset(home.dataset_folder(name)).manifest


def require_same_dataset(home: Home, request: JobRequest) -> None:
    """Refuse to go on with another dataset than the job began with.

    Raises:
        DatasetUnusable: If the dataset is gone, damaged, or another one of the same name.
    """
    name, version = request.spec.dataset, request.dataset_version
    try:
        manifest = open_dataset(home.dataset_folder(name), version).manifest
    except DatasetUnusable as unusable:
        problems = (Problem(f"Job {request.id}: {item.message}", item.where, item.hint) for item in unusable.problems)
        raise DatasetUnusable(*problems) from None
    if manifest.digest != request.dataset_digest:
        raise DatasetUnusable(
            f"Job {request.id}: dataset {name} expects digest {request.dataset_digest}, found {manifest.digest}.",
            where=str(home.dataset_folder(name)),
            hint="It holds other pictures than the job began with: bring them back, or start a new job.",
        )


def choose_backend(name: str, backends: Registry[Backend], elsewhere: Collection[str] = ()) -> str:
    """The backend called ``name``, or the first that is installed.

    Args:
        name: Its name, or ``auto``.
        backends: What there is.
        elsewhere: Backends that run in a Python of their own, and need not be installed in this one.

    Raises:
        NameUnknown: If there is no such backend.
        PluginMissing: If what it needs is not installed.
    """
    if name != "auto":
        require_installed(backends, name, elsewhere)
        return name
    installed = sorted({*backends.available(), *set(elsewhere).intersection(backends.names())})
    for candidate in (*PREFERRED_BACKENDS, *installed):
        if candidate in installed:
            return candidate
    raise PluginMissing("No backend is installed.", hint="Run: pip install 'digits[torch]'")


def require_installed(registry: Registry[Any], name: str, elsewhere: Collection[str] = ()) -> None:
    """Refuse an unknown name, and one whose needs are not installed; imports nothing.

    Args:
        registry: Where it is to be found.
        name: What was named.
        elsewhere: Names that need not be installed in this Python.

    Raises:
        NameUnknown: If nobody declares it.
        PluginMissing: If what it needs is not installed.
    """
    owned = registry.entry(name)
    if owned.missing and name not in elsewhere:
        missing = ", ".join(owned.missing)
        raise PluginMissing(f"The {registry.kind} {name!r} needs {missing}, which is not installed.", hint=owned.remedy)


def check_devices(text: str, backend: str, backends: Registry[Backend]) -> None:
    """Refuse a request for devices that this machine or the backend can never give.

    Raises:
        SpecInvalid: If the text has another form.
        CapabilityMissing: If a device is not here, or there are too few.
    """
    request = parse_devices(text)
    if backend:
        require_devices(request, machine_devices(), device_kinds(backends, backend))


def _words(
    model: type[ModelT], request: ModelT | Mapping[str, Any], where: str, complaints: Complaints
) -> ModelT | None:
    """The checked words; where some are wrong, those that are right, so that names can be looked at too."""
    if isinstance(request, model):
        return request
    data = dict(request) if isinstance(request, Mapping) else request
    try:
        return model.model_validate(data)
    except ValidationError as refused:
        wrong = {str(detail["loc"][0]) for detail in refused.errors() if detail["loc"]}
    with complaints.gathered():
        parse(model, data, where=where)
    try:
        return model.model_validate({key: value for key, value in dict(data).items() if key not in wrong})
    except (ValidationError, TypeError, ValueError):
        return None


def _input(spec: JobSpec, manifest: DatasetManifest | None, complaints: Complaints) -> NetworkInput | None:
    """What the dataset tells the network; complains where the job and the dataset do not fit."""
    if manifest is None:
        return None
    for problem in _misfits(spec, manifest):
        complaints.add(SpecInvalid(problem))
    height, width, channels = manifest.size
    crop = spec.data.crop
    if crop is not None and crop <= min(height, width):
        height = width = crop
    return NetworkInput(channels, height, width, len(manifest.classes), spec.data.mean)


def _misfits(spec: JobSpec, manifest: DatasetManifest) -> Iterator[Problem]:
    height, width, _ = manifest.size
    train = manifest.splits.get("train", 0)
    least = 1 if spec.batch == "auto" else spec.batch
    if least > train:
        yield Problem(
            f"batch expects at most the {train} training pictures of dataset {spec.dataset}, found {spec.batch}.",
            "batch",
            "Use a smaller batch.",
        )
    if spec.data.crop is not None and spec.data.crop > min(height, width):
        yield Problem(
            f"crop expects at most {min(height, width)}, the shorter side of dataset {spec.dataset}, "
            f"found {spec.data.crop}.",
            "data.crop",
            "Use a smaller crop or larger pictures.",
        )
    if spec.early_stopping is not None and not (manifest.splits.get("val", 0) and spec.validate_every):
        yield Problem(
            "early stopping expects validation, found none.",
            "early_stopping",
            "Use a dataset with a validation split and validate_every above 0.",
        )


def _job_request(spec: JobSpec, manifest: DatasetManifest, graph: Graph, backend: str, home: Home) -> JobRequest:
    name = spec.name or _free_name(f"{spec.dataset}-{graph.name}", home)
    height, width, channels = manifest.size
    return JobRequest(
        id=name,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        spec=spec.model_copy(update={"name": name}),
        dataset_version=manifest.version,
        dataset_digest=manifest.digest,
        labels=manifest.labels,
        picture=PictureForm(width=width, height=height, channels=channels, resize=manifest.spec.resize),
        backend=backend,
    )


def _free_name(wanted: str, home: Home) -> str:
    wanted = wanted[:90]
    names = (wanted if number == 1 else f"{wanted}-{number}" for number in range(1, 10**6))
    return next(name for name in names if not home.job_folder(name).exists())


def _taken(kind: str, name: str) -> NameTaken:
    hint = f"Choose another name, or delete it: digits {kind} delete {name}."
    return NameTaken(f"A {kind} {name!r} exists already.", hint=hint)
