"""Names become things; everything that is wrong with a request is found before anything is made."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digits_core.contracts.backend import Arrays, Backend
from digits_core.dataset.augment.request import augment_errors, picture_problems
from digits_core.dataset.manifest import DatasetManifest
from digits_core.dataset.opened import open_dataset
from digits_core.dataset.selection import FEWEST_CLASSES
from digits_core.errors import (
    DatasetUnusable,
    DigitsError,
    NameTaken,
    NameUnknown,
    PluginMissing,
    Problem,
    SourceInvalid,
    SpecInvalid,
    suggest,
)
from digits_core.graph.adjustment import adjust
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.hooks.registry import Plugins, Registry
from digits_core.hooks.solvers import require_rule, with_known_solver
from digits_core.scheduling.inventory import machine_devices
from digits_core.scheduling.nodes import ALONE, Place
from digits_core.scheduling.requests import parse_devices, require_devices
from digits_core.scheduling.scheduler import device_kinds
from digits_core.service.complaints import Complaints, parse_words
from digits_core.service.native import forbid_native, is_native, read_native
from digits_core.service.networks import build_network
from digits_core.service.starting import Origin, begin, build_from, find_origin, inherit, start_notes
from digits_core.spec.dataset import DatasetSpec, PictureForm
from digits_core.spec.job import JobSpec
from digits_core.store.home import Home
from digits_core.store.job import JobRequest, TaskRequest
from digits_core.store.settings import read_settings
from digits_core.store.start import StartRecord

#: The order in which ``backend: auto`` looks for one.
PREFERRED_BACKENDS = ("torch", "jax", "tensorflow", "numpy")


@dataclass(frozen=True, slots=True)
class ResolvedJob:
    """A job that can be made.

    Attributes:
        request: What was asked, every name resolved.
        graph: The network.
        pictures: How many there are to train on.
        awaits: The job that makes the dataset, where that is not there yet; ``graph`` then shows no more than that the
            network fits its pictures.
        start: What it starts from, and the weights; None: it starts as a new network does.
        notes: What a person should know.
    """

    request: JobRequest
    graph: Graph
    pictures: int
    awaits: str = ""
    start: tuple[StartRecord, Arrays] | None = None
    notes: tuple[str, ...] = ()


def resolve_dataset(request: DatasetSpec | Mapping[str, Any], home: Home, plugins: Plugins, where: str) -> DatasetSpec:
    """The request for a dataset that can be made, as far as can be said without reading its pictures.

    Raises:
        RequestWrong: With everything that is wrong.
    """
    complaints = Complaints()
    spec = parse_words(DatasetSpec, request, where, complaints)
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
    request: JobSpec | Mapping[str, Any],
    home: Home,
    plugins: Plugins,
    where: str,
    making: Callable[[str], TaskRequest | None],
    place: Place = ALONE,
    *,
    runs_code: bool = False,
) -> ResolvedJob:
    """The job that can be made; imports no backend, whose claims its own worker checks before it takes memory.

    Args:
        request: What is asked for.
        home: Where the job is to be.
        plugins: What can be named.
        where: Where the request is from, for errors.
        making: For the name of a dataset the job that is making it.
        place: Which of several machines asks; the first makes the job.
        runs_code: Whether a network may be a Python file, which is run.

    Raises:
        RequestWrong: With everything that is wrong.
    """
    complaints = Complaints()
    spec = parse_words(JobSpec, request, where, complaints)
    if spec is None:
        complaints.settle()
    assert spec is not None
    form: PictureSource | None = None
    graph: Graph | None = None
    origin: Origin | None = None
    backend = ""
    maker = making(spec.dataset) if spec.dataset not in home.dataset_names() else None
    manifest: DatasetManifest | None = None
    with complaints.gathered():
        manifest = None if maker else find_dataset(home, spec.dataset)
        form = _found(manifest) if manifest else _expected(maker) if maker else None
    with complaints.gathered():
        origin = find_origin(home, plugins, spec) if spec.start else None
    if origin is not None and manifest is not None:
        spec = inherit(spec, origin, manifest)
    with complaints.gathered():
        backend = choose_backend(spec.backend, plugins.backends, read_settings(home).interpreters)
    input = _input(spec, form, complaints)
    native = spec.network if spec.network and is_native(spec.network) else ""
    with complaints.gathered():
        if not native:
            graph = _graph(spec, origin, input, plugins)
        elif not runs_code:
            raise forbid_native(native)
    complaints.errors.extend(
        augment_errors(spec.data.augment, plugins.augmentations, elsewhere=backend in read_settings(home).interpreters)
    )
    with complaints.gathered():
        check_devices(spec.devices, backend, plugins.backends)
    with complaints.gathered():
        spec = with_known_solver(spec, plugins.solvers, where)
        require_rule(spec.solver, backend)
    for wrong in _wrong_with_name(spec.name, home, place):
        complaints.add(wrong)
    if native and input is not None and not complaints.errors:
        # Code is run only for a request that is right otherwise.
        with complaints.gathered():
            graph = adjust(read_native(Path(native), input, backend, home), spec.freeze, spec.decay_on)
    start = None
    if origin is not None and manifest is not None and graph is not None:
        with complaints.gathered():
            start = begin(origin, graph, spec, manifest)
    complaints.settle()
    assert form is not None and graph is not None
    name = spec.name or free_name(f"{spec.dataset}-{graph.name}", home)
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    found = _job_request(spec.model_copy(update={"name": name}), form, backend, name, created)
    notes = (*start_notes(start), *_balance_notes(spec, form))
    return ResolvedJob(found, _taught(graph, spec), form.pictures, maker.id if maker else "", start, notes)


def _wrong_with_name(name: str | None, home: Home, place: Place) -> Iterator[DigitsError]:
    if name is None and place.count > 1:
        message = f"A job on {place.count} nodes expects a name, found none."
        yield SpecInvalid(message, where="name", hint="Add --name: all nodes mean the same job by it.")
    if name and home.job_folder(name).exists() and place.rank == 0:
        yield _taken("job", name)
    if name and home.model_folder(name).exists():
        yield _taken("model", name)


def complete(request: JobRequest, home: Home, plugins: Plugins) -> ResolvedJob:
    """The job of a request that was made before its dataset was there.

    Raises:
        RequestWrong: With everything in which the two do not fit.
    """
    spec, complaints = request.spec, Complaints()
    form, graph = _found(find_dataset(home, spec.dataset)), None
    with complaints.gathered():
        graph = _graph(spec, None, _input(spec, form, complaints), plugins)
    complaints.settle()
    assert graph is not None
    found = _job_request(spec, form, request.backend, request.id, request.created)
    return ResolvedJob(found, _taught(graph, spec), form.pictures, notes=tuple(_balance_notes(spec, form)))


@dataclass(frozen=True, slots=True)
class PictureSource:
    """What a dataset is to a job, whether it is there or is being made.

    Attributes:
        picture: The form of its pictures.
        labels: Names of its classes.
        version: Its version.
        digest: Digest of that version.
        pictures: How many there are to train on.
        validates: Whether there are some to validate on.
        untaught: Names of classes of which there are none to train on.
    """

    picture: PictureForm
    labels: tuple[str, ...]
    version: str = ""
    digest: str = ""
    pictures: int = 0
    validates: bool = True
    untaught: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int, int]:
        """Height, width and channels of its pictures."""
        return self.picture.height, self.picture.width, self.picture.channels

    @property
    def known(self) -> bool:
        """Whether it is there."""
        return bool(self.version)


def _found(manifest: DatasetManifest) -> PictureSource:
    height, width, channels = manifest.size
    return PictureSource(
        PictureForm(width=width, height=height, channels=channels, resize=manifest.spec.resize),
        manifest.labels,
        manifest.version,
        manifest.digest,
        manifest.splits.get("train", 0),
        bool(manifest.splits.get("val", 0)),
        tuple(count.name for count in manifest.classes if not count.train),
    )


def _expected(maker: TaskRequest) -> PictureSource:
    """What can be said of a dataset that is being made: everything but its classes and pictures."""
    spec = maker.spec
    assert isinstance(spec, DatasetSpec)
    form = PictureForm(width=spec.width, height=spec.height, channels=spec.channels, resize=spec.resize)
    return PictureSource(form, ())


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


def _graph(spec: JobSpec, origin: Origin | None, input: NetworkInput | None, plugins: Plugins) -> Graph | None:
    """The network as the job trains it; None where the model that would tell it is not there."""
    if origin is not None:
        graph = build_from(origin, spec, input, plugins)
    elif spec.network:
        graph = build_network(spec.network, input, plugins.network_families)
    else:
        return None
    return adjust(graph, spec.freeze, spec.decay_on)


def _taught(graph: Graph, spec: JobSpec) -> Graph:
    """The network with the targets that are asked for."""
    smoothing = spec.targets.label_smoothing
    return graph if smoothing is None else graph.smoothed(smoothing)


def _input(spec: JobSpec, form: PictureSource | None, complaints: Complaints) -> NetworkInput | None:
    """What the dataset tells the network; complains where the job and the dataset do not fit."""
    if form is None:
        return None
    for problem in (*_misfits(spec, form), *picture_problems(spec.data, form.size, spec.dataset)):
        complaints.add(SpecInvalid(problem))
    height, width, crop = form.picture.height, form.picture.width, spec.data.crop
    if crop is not None and crop <= min(height, width):
        height = width = crop
    classes = len(form.labels) if form.known else FEWEST_CLASSES
    return NetworkInput(form.picture.channels, height, width, classes, spec.data.mean)


def _misfits(spec: JobSpec, form: PictureSource) -> Iterator[Problem]:
    least = 1 if spec.batch == "auto" else spec.batch
    if not form.known and spec.batch == "auto":
        yield Problem(
            f"batch auto expects a dataset that is there, and {spec.dataset} is being made.",
            "batch",
            "Give a number, or wait for the dataset.",
        )
    if not form.known and spec.start:
        yield Problem(
            f"start expects a dataset that is there, and {spec.dataset} is being made.", "start", "Wait for it."
        )
    if spec.network and is_native(spec.network):
        yield from _native_misfits(spec, form)
    if form.known and least > form.pictures:
        yield Problem(
            f"batch expects at most the {form.pictures} training pictures of dataset {spec.dataset}, "
            f"found {spec.batch}.",
            "batch",
            "Use a smaller batch.",
        )
    if spec.early_stopping is not None and not (form.validates and spec.validate_every):
        yield Problem(
            "early stopping expects validation, found none.",
            "early_stopping",
            "Use a dataset with a validation split and validate_every above 0.",
        )


def _native_misfits(spec: JobSpec, form: PictureSource) -> Iterator[Problem]:
    if not form.known:
        yield Problem(
            f"A native network expects a dataset that is there, and {spec.dataset} is being made.",
            "network",
            "Wait for the dataset.",
        )
    if spec.start:
        yield Problem(
            f"A native network starts as its framework starts it, found start {spec.start}.",
            "start",
            "Load the weights in the file itself.",
        )


def _balance_notes(spec: JobSpec, form: PictureSource) -> Iterator[str]:
    """What balancing leaves out."""
    empty = form.untaught
    if empty and "balanced" in (spec.targets.class_weights, spec.targets.sampling):
        named = ", ".join(empty[:5]) + (f" and {len(empty) - 5} more" if len(empty) > 5 else "")
        yield f"No training pictures of {named}: the other classes are balanced among themselves."


def _job_request(spec: JobSpec, form: PictureSource, backend: str, id: str, created: str) -> JobRequest:
    return JobRequest(
        id=id,
        created=created,
        spec=spec,
        dataset_version=form.version,
        dataset_digest=form.digest,
        labels=form.labels,
        picture=form.picture,
        backend=backend,
    )


def free_name(wanted: str, home: Home) -> str:
    """A name that no job has: the wanted one, or one with a number after it."""
    wanted = wanted[:90]
    names = (wanted if number == 1 else f"{wanted}-{number}" for number in range(1, 10**6))
    taken = home.model_names()
    return next(name for name in names if name not in taken and not home.job_folder(name).exists())


def _taken(kind: str, name: str) -> NameTaken:
    hint = f"Choose another name, or delete it: digits {kind} delete {name}."
    return NameTaken(f"A {kind} {name!r} exists already.", hint=hint)
