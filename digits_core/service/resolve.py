"""Names become things; everything that is wrong with a request is found before anything is made."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digits_core.contracts.backend import Arrays
from digits_core.dataset.augment.request import augment_errors, picture_problems
from digits_core.dataset.manifest import DatasetManifest
from digits_core.dataset.selection import FEWEST_CLASSES
from digits_core.errors import (
    DigitsError,
    NameTaken,
    SourceInvalid,
    SpecInvalid,
)
from digits_core.graph.adjustment import adjust
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.hooks.registry import Plugins
from digits_core.hooks.solvers import require_rule, with_known_solver
from digits_core.hooks.trackers import tracker_errors
from digits_core.scheduling.nodes import ALONE, Place
from digits_core.service.choices import check_devices, choose_backend, require_installed
from digits_core.service.complaints import Complaints, parse_words
from digits_core.service.native import forbid_native, is_native, read_native, require_one_device
from digits_core.service.networks import build_network
from digits_core.service.pictures import (
    PictureSource,
    balance_notes,
    expected_source,
    find_dataset,
    misfits,
    picture_source,
    with_fitting_batch,
)
from digits_core.service.starting import Origin, begin, build_from, find_origin, inherit, start_notes
from digits_core.spec.dataset import DatasetSpec, split_reference
from digits_core.spec.job import JobSpec
from digits_core.spec.paths import expanded
from digits_core.store.home import Home
from digits_core.store.job import JobRequest, TaskRequest
from digits_core.store.settings import read_settings, settings_path
from digits_core.store.start import StartRecord


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
            complaints.add(_taken("dataset", spec.name, home))
        if spec.source != "auto":
            with complaints.gathered():
                require_installed(plugins.dataset_sources, spec.source)
        for path in (*spec.paths, *filter(None, (spec.val_path, spec.test_path, spec.labels, spec.prefix))):
            with complaints.gathered():
                if not expanded(path).exists():
                    raise SourceInvalid(f"{path} does not exist.", hint="Check the path.")
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
    dataset = split_reference(spec.dataset)[0]
    maker = making(dataset) if dataset not in home.dataset_names() else None
    manifest: DatasetManifest | None = None
    with complaints.gathered("dataset"):
        manifest = None if maker else find_dataset(home, spec.dataset)
        form = picture_source(manifest) if manifest else expected_source(maker) if maker else None
    with complaints.gathered("start"):
        origin = find_origin(home, plugins, spec) if spec.start else None
    if origin is not None and manifest is not None:
        spec = inherit(spec, origin, manifest)
    spec, fitted = with_fitting_batch(spec, form)
    with complaints.gathered("backend"):
        backend = choose_backend(spec.backend, plugins.backends, read_settings(home).interpreters)
    input = _input(spec, form, complaints)
    native = spec.network if spec.network and is_native(spec.network) else ""
    with complaints.gathered("network"):
        if not native:
            graph = _graph(spec, origin, input, plugins)
        elif not runs_code:
            raise forbid_native(native)
    complaints.errors.extend(
        augment_errors(spec.data.augment, plugins.augmentations, elsewhere=backend in read_settings(home).interpreters)
    )
    with complaints.gathered("devices"):
        _check_devices(spec.devices, native, backend, plugins)
    with complaints.gathered():
        spec = with_known_solver(spec, plugins.solvers, where)
        require_rule(spec.solver, backend)
    complaints.errors.extend(
        tracker_errors(spec.track, read_settings(home).trackers, plugins.trackers, str(settings_path(home)))
    )
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
    name = spec.name or free_name(f"{dataset}-{graph.name}", home)
    found = _job_request(spec.model_copy(update={"name": name}), form, backend, name, _now())
    notes = (*fitted, *start_notes(start), *balance_notes(spec, form))
    return ResolvedJob(found, _taught(graph, spec), form.pictures, maker.id if maker else "", start, notes)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _check_devices(devices: str, native: str, backend: str, plugins: Plugins) -> None:
    check_devices(devices, backend, plugins.backends)
    if native:
        require_one_device(native, devices)


def _wrong_with_name(name: str | None, home: Home, place: Place) -> Iterator[DigitsError]:
    if name is None and place.count > 1:
        message = f"A job on {place.count} nodes expects a name, found none."
        yield SpecInvalid(message, where="name", hint="Add --name: all nodes mean the same job by it.")
    if name and home.job_folder(name).exists() and place.rank == 0:
        yield _taken("job", name, home)
    if name and home.model_folder(name).exists():
        yield _taken("model", name, home)


def complete(request: JobRequest, home: Home, plugins: Plugins) -> ResolvedJob:
    """The job of a request that was made before its dataset was there.

    Raises:
        RequestWrong: With everything in which the two do not fit.
    """
    spec, complaints = request.spec, Complaints()
    form, graph = picture_source(find_dataset(home, spec.dataset)), None
    with complaints.gathered():
        graph = _graph(spec, None, _input(spec, form, complaints), plugins)
    complaints.settle()
    assert graph is not None
    found = _job_request(spec, form, request.backend, request.id, request.created)
    return ResolvedJob(found, _taught(graph, spec), form.pictures, notes=tuple(balance_notes(spec, form)))


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
    for problem in (*misfits(spec, form), *picture_problems(spec.data, form.size, spec.dataset)):
        complaints.add(SpecInvalid(problem))
    height, width, crop = form.picture.height, form.picture.width, spec.data.crop
    if crop is not None and crop <= min(height, width):
        height = width = crop
    classes = len(form.labels) if form.known else FEWEST_CLASSES
    return NetworkInput(form.picture.channels, height, width, classes, spec.data.mean)


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


#: What else can be done with what has a name already.
_INSTEAD = {"job": "go on with it: digits job resume {}; ", "dataset": "add to it: digits dataset append {} FOLDER; "}


def _taken(kind: str, name: str, home: Home) -> NameTaken:
    taken = {"job": home.job_ids, "model": home.model_names, "dataset": home.dataset_names}[kind]()
    free = next(other for number in range(2, 10**6) if (other := f"{name}-{number}") not in taken)
    instead = _INSTEAD.get(kind, "").format(name)
    hint = f"Choose another name, such as {free}; {instead}or delete it: digits {kind} delete {name}."
    return NameTaken(f"A {kind} {name!r} exists already.", where="name", hint=hint)
