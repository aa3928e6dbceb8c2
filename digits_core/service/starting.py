"""Starting a job from a model: which model, what the job takes over from it, and the weights that it begins with."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from digits_core.contracts.backend import Arrays
from digits_core.dataset.manifest import DatasetManifest
from digits_core.errors import Problem, SpecInvalid, require
from digits_core.graph import codec
from digits_core.graph.adjustment import release
from digits_core.graph.graph import MEAN, Graph, NetworkInput
from digits_core.graph.heads import head_layers
from digits_core.graph.native import native_of
from digits_core.hooks.registry import Plugins
from digits_core.inference.model import is_archive_file, load_model
from digits_core.service.importing import is_weights_file, read_weights_file
from digits_core.service.networks import build_network
from digits_core.spec.dataset import PictureForm
from digits_core.spec.job import JobSpec, Mean
from digits_core.spec.paths import expanded
from digits_core.store.home import Home
from digits_core.store.start import StartRecord


@dataclass(frozen=True, slots=True)
class Origin:
    """A model that a job is to start from.

    Attributes:
        name: What it is called, completed: ``colours@000003-epoch``.
        arrays: Its weights.
        labels: Names of its classes, by number; empty: unknown.
        graph: Its network; None where a file holds weights only.
        picture: The form of its pictures, where known.
        notes: What a person should know.
    """

    name: str
    arrays: Arrays
    labels: tuple[str, ...] = ()
    graph: Graph | None = None
    picture: PictureForm | None = None
    notes: tuple[str, ...] = ()


def find_origin(home: Home, plugins: Plugins, spec: JobSpec) -> Origin:
    """The model that a request names as its start.

    Raises:
        NameUnknown: If there is no such job, snapshot or imported model.
        SnapshotDamaged: If the snapshot cannot be read.
        ModelInvalid: If the imported model or the file cannot be read.
        SpecInvalid: If a file needs a network to be named, and none is.
    """
    assert spec.start is not None
    if is_weights_file(spec.start) and not is_archive_file(home, spec.start):
        return _from_file(expanded(spec.start), plugins, spec.network)
    model = load_model(home, spec.start)
    if native_of(model.graph):
        raise SpecInvalid(
            f"Model {model.name} is a native network, from which no other job can start.",
            where="start",
            hint="Go on with the job itself (digits job resume), or load its weights in the file of a new one.",
        )
    notes = tuple(f"{Problem(problem.message, problem.where)} Using {model.name}." for problem in model.damaged)
    return Origin(model.name, model.arrays, model.labels, model.graph, model.picture, notes)


def inherit(spec: JobSpec, origin: Origin, manifest: DatasetManifest) -> JobSpec:
    """The request with what it leaves open taken from the model: the form of the mean, and the crop."""
    given = spec.data.model_fields_set if "data" in spec.model_fields_set else set()
    taken: dict[str, object] = {}
    if "mean" not in given:
        taken["mean"] = _mean_form(origin.arrays)
    height, width, _ = manifest.size
    if "crop" not in given and (side := _crop(origin)) and side < min(height, width):
        taken["crop"] = side
    return spec.model_copy(update={"data": spec.data.model_copy(update=taken)})


def build_from(origin: Origin, spec: JobSpec, input: NetworkInput | None, plugins: Plugins) -> Graph:
    """The network of a job that starts from a model: the one it names, else the model's own with the new classes.

    Pixels are scaled as the weights learned them. What another job froze is not frozen.

    Raises:
        NetworkInvalid: If it cannot be built for that input.
    """
    if spec.network is None:
        assert origin.graph is not None
        own = release(origin.graph)
        return own if input is None else _adapted(own, input)
    graph = build_network(spec.network, input, plugins.network_families)
    if origin.graph is None or origin.graph.input.scale == graph.input.scale:
        return graph
    scaled = graph.input.model_copy(update={"scale": origin.graph.input.scale})
    return dataclasses.replace(graph, layers=(dataclasses.replace(graph.layers[0], op=scaled), *graph.layers[1:]))


def begin(origin: Origin, graph: Graph, spec: JobSpec, manifest: DatasetManifest) -> tuple[StartRecord, Arrays]:
    """What a job begins with: where every weight is from, and all of them.

    Raises:
        SpecInvalid: If the pictures have another number of channels than the model was made for.
        ModelInvalid: If nothing of the model fits the network.
    """
    # Imported where it is needed: nothing else here knows how training is done.
    from digits_core.training.transfer import Source, transfer

    require(_channel_problems(origin, graph), SpecInvalid)
    source = Source(origin.name, origin.arrays, origin.labels)
    record, arrays = transfer(source, graph, manifest.labels, spec.seed)
    notes = (*origin.notes, *record.notes, *_frozen_anew(graph, record), *_differences(origin, graph, spec, manifest))
    return record.model_copy(update={"notes": notes}), arrays


def _frozen_anew(graph: Graph, record: StartRecord) -> Iterator[str]:
    """Layers that stay as they were drawn, because the model has no weights for them."""
    anew = [layer.name for layer in graph.layers if layer.frozen and record.initialised.keys() & layer.parameters]
    if anew:
        yield f"Frozen, though the model has no weights for it: {', '.join(anew)}."


def _differences(origin: Origin, graph: Graph, spec: JobSpec, manifest: DatasetManifest) -> Iterator[str]:
    """What is done otherwise than when the weights were learned, a sentence each."""
    form, (height, width, _) = origin.picture, manifest.size
    if form and form.resize != manifest.spec.resize and (form.width, form.height) != (width, height):
        now = manifest.spec.resize
        yield f"Pictures of the model were brought to size by {form.resize}, those of the dataset by {now}."
    if origin.graph is None:
        return
    before, after = origin.graph.input, graph.input
    if (before.width, before.height) != (after.width, after.height):
        yield f"The model took pictures of {before.width}x{before.height}, the job takes {after.width}x{after.height}."
    learned = _mean_form(origin.arrays)
    if learned != spec.data.mean:
        yield f"The weights were learned with mean {learned}, and mean {spec.data.mean} was asked for."


def _from_file(path: Path, plugins: Plugins, network: str | None) -> Origin:
    arrays, imported = read_weights_file(path, plugins, network)
    if imported is not None:
        return Origin(path.name, arrays, imported.labels, imported.graph, imported.picture, imported.notes)
    if network is None:
        hint = f"Say which: digits train DATASET NETWORK --from {path}."
        raise SpecInvalid(f"{path.name} holds weights and no network.", where="network", hint=hint)
    return Origin(path.name, arrays)


def _mean_form(arrays: Arrays) -> Mean:
    if MEAN not in arrays:
        return "none"
    return "pixel" if arrays[MEAN].shape[1:] == (1, 1) else "image"


def _crop(origin: Origin) -> int | None:
    """The side of the square that the model takes from the middle of its pictures, if it takes less than all."""
    if origin.graph is None or origin.picture is None:
        return None
    taken, form = origin.graph.input, origin.picture
    return taken.height if (taken.height, taken.width) != (form.height, form.width) else None


def _adapted(graph: Graph, input: NetworkInput) -> Graph:
    heads = {layer.name for layer in head_layers(graph)}
    data = codec.encode(graph)
    for layer in data["layers"]:
        for key in ("units", "filters") if layer["name"] in heads else ():
            if key in layer:
                layer[key] = codec.CLASSES
    return codec.decode(data, input=input)


def _channel_problems(origin: Origin, graph: Graph) -> Iterator[Problem]:
    if origin.graph is None or origin.graph.input.channels == graph.input.channels:
        return
    expected, found = origin.graph.input.channels, graph.input.channels
    yield Problem(
        f"Model {origin.name} expects pictures with {expected} channel{'s' if expected > 1 else ''}, found {found}.",
        "start",
        f"Make the dataset with --channels {expected}, or start from another model.",
    )


def start_notes(start: tuple[StartRecord, Arrays] | None) -> tuple[str, ...]:
    """What a job's journal says of its start; nothing where it starts as a new network does."""
    if start is None:
        return ()
    record, arrays = start
    heads = "".join(f" {head.layer} keeps the rows of {', '.join(head.kept)}." for head in record.heads)
    counts = (
        f"{len(record.loaded)} of {len(arrays.keys() - {MEAN})} weights loaded, {len(record.initialised)} start anew"
    )
    return (f"Starts from {record.model}: {counts}, {len(record.skipped)} not used.{heads}", *record.notes)
