"""Certificates of parity: names become a network, backends and devices; then they are compared."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from digits_core.contracts.backend import REFERENCE
from digits_core.contracts.processor import processor_name
from digits_core.dataset.manifest import DatasetManifest
from digits_core.errors import NetworkInvalid, Problem, SpecInvalid
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.hooks.registry import Plugins
from digits_core.hooks.solvers import known_solver, require_rule
from digits_core.parity.certificate import Certificate
from digits_core.parity.comparison import Comparing, Contestant, Tell, Verdict, digest_of
from digits_core.scheduling.inventory import MachineDevice, machine_devices
from digits_core.scheduling.requests import allocate, parse_devices, require_devices
from digits_core.scheduling.scheduler import device_kinds
from digits_core.service.choices import PREFERRED_BACKENDS, require_installed
from digits_core.service.complaints import Complaints, parse_words
from digits_core.service.networks import ChosenFamily, build_network, choose_family, is_file
from digits_core.service.pictures import find_dataset
from digits_core.spec.parity import ParitySpec, calm
from digits_core.spec.solver import NamedSolver
from digits_core.store.home import Home
from digits_core.store.settings import read_settings

#: Sides of pictures that are tried where none is asked for. The reference is slow; at smaller ones the last batch norms
#: of deep networks see one pixel of each picture, and make rounding a hundred times larger with every step.
SIDES = (64, 96, 128, 192)
USUAL_CLASSES = 10
#: Devices of the team where nothing is said.
USUAL_TEAM = 2


class Compared(NamedTuple):
    """A comparison that can be made.

    Attributes:
        spec: What is asked for.
        graph: The network.
        dataset: Folder of the dataset; None: pictures are drawn.
        contestants: Who is compared, and on what.
    """

    spec: ParitySpec
    graph: Graph
    dataset: Path | None
    contestants: tuple[Contestant, ...]


def certify(request: ParitySpec | Mapping[str, Any], home: Home, plugins: Plugins, tell: Tell) -> Certificate:
    """Compare backends; see `Digits.parity`.

    Raises:
        RequestWrong: With everything that is wrong.
        LossNotFinite: If the reference's loss is not finite.
        WorkerDied: If the process of a backend ends without an answer.
    """
    (certificate,) = certify_each([request], home, plugins, tell)
    return certificate


def certify_each(
    requests: Iterable[ParitySpec | Mapping[str, Any]], home: Home, plugins: Plugins, tell: Tell
) -> Iterator[Certificate]:
    """A certificate for each request, as they come.

    Neighbours that differ in nothing but solver and number format share processes and whatever no solver touches, and
    the reference's training where they differ in the number format alone.

    Raises:
        RequestWrong: With everything that is wrong in one of them; before anything runs.
        LossNotFinite: If the reference's loss is not finite.
        WorkerDied: If the process of a backend ends without an answer.
    """
    processor = tuple(device for device in machine_devices() if device.kind == "cpu")
    for _, group in groupby([resolve(request, home, plugins) for request in requests], _subject):
        alike = list(group)
        with ExitStack() as stack:
            comparing = Comparing(stack, home, alike[0].graph, alike[0].dataset, processor, tell)
            for compared in alike:
                yield _certificate(compared, comparing.run(compared.spec, compared.contestants))


def _subject(compared: Compared) -> ParitySpec:
    """What has to be equal where findings are shared."""
    return compared.spec.model_copy(update={"solver": None, "precision": None})


def resolve(request: ParitySpec | Mapping[str, Any], home: Home, plugins: Plugins) -> Compared:
    """The comparison that can be made.

    Raises:
        RequestWrong: With everything that is wrong.
    """
    complaints = Complaints()
    spec = parse_words(ParitySpec, request, "", complaints)
    if spec is None:
        complaints.settle()
    assert spec is not None
    graph: Graph | None = None
    manifest: DatasetManifest | None = None
    contestants: list[Contestant] = []
    with complaints.gathered():
        manifest = find_dataset(home, spec.dataset) if spec.dataset else None
        graph = _graph(spec, manifest, plugins)
    with complaints.gathered():
        spec = spec.model_copy(update={"solver": calm(known_solver(spec.solver, plugins.solvers))})
    for backend in spec.backends or _installed(home, plugins):
        with complaints.gathered():
            require_installed(plugins.backends, backend, read_settings(home).interpreters)
            contestants.append(_contestant(spec, backend, plugins))
            if not isinstance(spec.solver, NamedSolver):
                require_rule(spec.solver, backend)
    if not contestants and not complaints.errors:
        hint = "Run: pip install 'digits[torch]'"
        complaints.add(SpecInvalid("A comparison expects a backend beside the reference, found none.", hint=hint))
    complaints.settle()
    assert graph is not None
    folder = home.dataset_folder(spec.dataset) if spec.dataset else None
    return Compared(spec, graph, folder, tuple(contestants))


def _installed(home: Home, plugins: Plugins) -> list[str]:
    """Every backend that can be used but the reference, the best known first."""
    elsewhere = set(read_settings(home).interpreters).intersection(plugins.backends.names())
    names = {*plugins.backends.available(), *elsewhere} - {REFERENCE}
    known = [name for name in PREFERRED_BACKENDS if name in names]
    return [*known, *sorted(names - set(known))]


def _graph(spec: ParitySpec, manifest: DatasetManifest | None, plugins: Plugins) -> Graph:
    if manifest is not None:
        return _for_dataset(spec, manifest, plugins)
    if is_file(spec.network):
        return _from_file(spec, plugins)
    chosen = choose_family(spec.network, plugins.network_families)
    height, width = spec.height or spec.width, spec.width or spec.height
    if height is None or width is None:
        return _smallest(spec, chosen)
    return chosen.build(_input(spec, chosen.family.usual_input, height, width))


def _for_dataset(spec: ParitySpec, manifest: DatasetManifest, plugins: Plugins) -> Graph:
    if given := [key for key in ("width", "height", "channels", "classes") if getattr(spec, key) is not None]:
        raise SpecInvalid(
            f"Dataset {manifest.name} says what its pictures are, found {', '.join(given)} too.",
            where="dataset",
            hint="Leave those out, or the dataset.",
        )
    height, width, channels = manifest.size
    input = NetworkInput(channels, height, width, len(manifest.classes), "image")
    return build_network(spec.network, input, plugins.network_families)


def _from_file(spec: ParitySpec, plugins: Plugins) -> Graph:
    """What the file says, and over it what is asked for."""
    graph = build_network(spec.network, None, plugins.network_families)
    if not any((spec.width, spec.height, spec.channels, spec.classes)):
        return graph
    own = graph.input
    height, width = spec.height or spec.width or own.height, spec.width or spec.height or own.width
    input = NetworkInput(spec.channels or own.channels, height, width, spec.classes or graph.classes, own.mean)
    return build_network(spec.network, input, plugins.network_families)


def _smallest(spec: ParitySpec, chosen: ChosenFamily) -> Graph:
    """The network for the smallest pictures of a usual size that it takes."""
    usual = chosen.family.usual_input
    for side in (side for side in SIDES if side < usual.height):
        try:
            return chosen.family.build(chosen.params, _input(spec, usual, side, side))
        except NetworkInvalid:
            continue
    return chosen.build(_input(spec, usual, usual.height, usual.width))


def _input(spec: ParitySpec, usual: NetworkInput, height: int, width: int) -> NetworkInput:
    return NetworkInput(spec.channels or usual.channels, height, width, spec.classes or USUAL_CLASSES, "image")


def _contestant(spec: ParitySpec, backend: str, plugins: Plugins) -> Contestant:
    """A backend and its devices.

    Raises:
        SpecInvalid: If the text of the devices has another form.
        CapabilityMissing: If a device is not here, or there are too few.
    """
    here, kinds = machine_devices(), device_kinds(plugins.backends, backend)
    words = "cpu" if spec.devices == "auto" else spec.devices
    request = parse_devices(words)
    require_devices(request, here, kinds)
    given, _ = allocate(request, here, {device.id for device in here}, kinds)
    named = {device.id: device for device in here}
    if spec.devices == "auto":
        together = tuple(device for device in here if device.kind == "cpu")[:USUAL_TEAM]
    else:
        together = tuple(named[ids[0]] for ids in given)
    if len(together) > spec.batch:
        message = f"A batch for {len(together)} devices expects at least {len(together)} pictures, found {spec.batch}."
        raise SpecInvalid(Problem(message, "batch"))
    alone = tuple(_alone(here, named[given[0][0]]))
    return Contestant(backend, alone, together if len(together) > 1 else ())


def _alone(here: tuple[MachineDevice, ...], first: MachineDevice) -> Iterator[MachineDevice]:
    """What a process has that computes alone: one GPU, or the whole processor."""
    return (device for device in here if device == first or first.kind == device.kind == "cpu")


def _certificate(compared: Compared, verdict: Verdict) -> Certificate:
    spec, graph = compared.spec, compared.graph
    picture = graph.input
    return Certificate(
        network=spec.network,
        graph_digest=digest_of(graph),
        parameters=graph.parameter_count,
        input=(picture.height, picture.width, picture.channels),
        classes=graph.classes,
        dataset=spec.dataset,
        batch=spec.batch,
        steps=spec.steps,
        seed=spec.seed,
        solver=spec.solver.model_dump(mode="json"),
        precision=spec.precision,
        reference=f"{REFERENCE} fp64",
        backends=tuple(contestant.backend for contestant in compared.contestants),
        devices={
            contestant.backend: tuple(device.id for device in contestant.together or contestant.alone)
            for contestant in compared.contestants
        },
        versions={backend: dict(versions) for backend, versions in verdict.versions.items()},
        digits=importlib.metadata.version("digits"),
        machine=processor_name(),
        checks=verdict.checks,
        omitted=verdict.omitted,
        divergences=verdict.divergences,
        passed=all(check.passed for check in verdict.checks),
    )
