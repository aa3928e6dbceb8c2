"""Files of other systems become models, by whichever importer understands them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from digits_core.contracts.backend import Arrays
from digits_core.contracts.model_importer import ImportedModel, ImportOptions, ModelImporter, NetworkMaker
from digits_core.errors import ModelInvalid, NameTaken, Problem, require
from digits_core.hooks.registry import Plugins
from digits_core.service.complaints import Complaints, parse_words
from digits_core.service.networks import build_network
from digits_core.spec.imported import ModelSpec
from digits_core.spec.paths import expanded
from digits_core.store.home import Home
from digits_core.store.models import ModelFolder, ModelRecord

#: Suffixes by which a name is that of a file with weights, and not of a job or imported model.
WEIGHTS_SUFFIXES = frozenset({".safetensors", ".pt", ".pth", ".bin", ".caffemodel"})


def import_model(request: ModelSpec | Mapping[str, Any], home: Home, plugins: Plugins, where: str) -> ModelFolder:
    """A new model from files of another system, complete or not at all.

    Raises:
        RequestWrong: With everything that is wrong; nothing is made.
    """
    spec, labels = _resolve(request, home, where)
    importer = choose_importer(spec.paths, plugins, spec.importer)
    options = ImportOptions(
        build=_network_maker(plugins),
        network=spec.network or "",
        labels=labels,
        mean=spec.mean,
        width=spec.width,
        height=spec.height,
        resize=spec.resize,
        normalization=spec.normalization,
    )
    model = check_imported(importer, importer.read(spec.paths, options))
    record = ModelRecord(
        name=spec.name,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        importer=importer.name,
        files=tuple(path.name for path in spec.paths),
        labels=model.labels,
        picture=model.picture,
        notes=model.notes,
    )
    return ModelFolder.create(home, record, model.graph, model.arrays)


def is_weights_file(name: str) -> bool:
    """Whether a model is named by a file."""
    return "/" in name or Path(name).suffix.lower() in WEIGHTS_SUFFIXES


def read_weights_file(path: Path, plugins: Plugins, network: str | None) -> tuple[Arrays, ImportedModel | None]:
    """The weights of a file, and the model that an importer makes of it; None for a file with canonical names.

    Raises:
        ModelInvalid: If it does not hold weights that can be used.
    """
    if not path.is_file():
        raise ModelInvalid(f"{path} does not exist.", where="start", hint="Check the path.")
    if _is_canonical(path):
        return dict(safetensors.numpy.load_file(path)), None
    importer = choose_importer([path], plugins)
    imported = check_imported(importer, importer.read([path], ImportOptions(_network_maker(plugins), network or "")))
    return imported.arrays, imported


def choose_importer(paths: Sequence[Path], plugins: Plugins, wanted: str = "auto") -> ModelImporter:
    """The importer called ``wanted``, or the one that recognises the files.

    Raises:
        NameUnknown: If there is no importer of that name.
        PluginMissing: If what it needs is not installed.
        ModelInvalid: If no importer recognises the files, or several do.
    """
    registry = plugins.model_importers
    if wanted != "auto":
        return registry.get(wanted)()
    known = [registry.get(name)() for name in registry.available()]
    found = [importer for importer in known if importer.recognises(paths)]
    if len(found) == 1:
        return found[0]
    files = ", ".join(path.name for path in paths)
    if found:
        names = " and ".join(importer.name for importer in found)
        raise ModelInvalid(f"{files}: recognised by {names}.", hint="Say which is meant with --importer.")
    raise ModelInvalid(f"No importer recognises {files}.", hint=f"Known: {', '.join(registry.names()) or 'none'}.")


def check_imported(importer: ModelImporter, model: ImportedModel) -> ImportedModel:
    """``model``, if everything about it fits together.

    Raises:
        ModelInvalid: With everything that does not.
    """
    problems = (*_array_problems(model), *_form_problems(model))
    require((Problem(f"Importer {importer.name}: {text}") for text in problems), ModelInvalid)
    return model


def _resolve(request: ModelSpec | Mapping[str, Any], home: Home, where: str) -> tuple[ModelSpec, tuple[str, ...]]:
    complaints = Complaints()
    labels: tuple[str, ...] = ()
    spec = parse_words(ModelSpec, request, where, complaints)
    if spec is not None:
        for kind, folder in (("model", home.model_folder(spec.name)), ("job", home.job_folder(spec.name))):
            if folder.exists():
                message = f"A {kind} {spec.name!r} exists already."
                complaints.add(NameTaken(message, where="name", hint="Choose another name."))
        files = {f"paths.{number}": path for number, path in enumerate(spec.paths)}
        for key, path in {**files, "labels": spec.labels, "mean": spec.mean}.items():
            if path is not None and not expanded(path).is_file():
                complaints.add(ModelInvalid(f"{path} is no file.", where=key, hint="Check the path."))
        with complaints.gathered("labels"):
            labels = _read_labels(spec.labels) if spec.labels else ()
    complaints.settle()
    assert spec is not None
    paths = tuple(map(expanded, spec.paths))
    return spec.model_copy(update={"paths": paths, "mean": spec.mean and expanded(spec.mean)}), labels


def _read_labels(path: Path) -> tuple[str, ...]:
    try:
        lines = expanded(path).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()  # told already
    except (OSError, UnicodeDecodeError) as reason:
        raise ModelInvalid(f"{path} cannot be read: {reason}.", hint="Give a text file, one name a line.") from None
    names = tuple(line.strip() for line in lines)
    while names and not names[-1]:
        names = names[:-1]
    require(_label_problems(path, names), ModelInvalid)
    return names


def _label_problems(path: Path, names: Sequence[str]) -> Iterator[Problem]:
    if not names:
        yield Problem(f"{path} names no class.", hint="Write one name a line.")
    first: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if not name:
            yield Problem("A line without a name.", f"{path}, line {number}", "Line i names class i − 1.")
        elif name in first:
            message = f"Class {name!r} is named twice, first on line {first[name]}."
            yield Problem(message, f"{path}, line {number}", "Give every class a name of its own.")
        first.setdefault(name, number)


def _network_maker(plugins: Plugins) -> NetworkMaker:
    return lambda name, input: build_network(name, input, plugins.network_families)


def _is_canonical(path: Path) -> bool:
    """Whether a file is safetensors with canonical names, as snapshots are."""
    try:
        with safetensors.safe_open(path, "numpy") as file:
            names = list(file.keys())
    except (safetensors.SafetensorError, OSError):
        return False
    return bool(names) and all("/" in name for name in names)


def _array_problems(model: ImportedModel) -> Iterator[str]:
    wanted = model.graph.parameters
    for name, parameter in wanted.items():
        array = model.arrays.get(name)
        if array is None:
            yield f"{name} expects shape {list(parameter.shape)}, found nothing."
        elif array.shape != parameter.shape or array.dtype != np.float32:
            yield f"{name} expects float32 {list(parameter.shape)}, found {array.dtype} {list(array.shape)}."
        elif not np.isfinite(array).all():
            yield f"{name} expects finite numbers, found others."
    for name in model.arrays.keys() - wanted.keys():
        yield f"{name} is no weight of network {model.graph.name}."


def _form_problems(model: ImportedModel) -> Iterator[str]:
    taken, form = model.graph.input, model.picture
    if taken.channels != form.channels:
        yield f"the network takes {taken.channels} channels, and pictures have {form.channels}."
    whole = (taken.height, taken.width) == (form.height, form.width)
    middle = taken.height == taken.width <= min(form.height, form.width)
    if not (whole or middle):
        yield (
            f"the network takes {taken.width}x{taken.height} pixels, and pictures of {form.width}x{form.height} "
            "have no such middle."
        )
    if model.labels and len(model.labels) != model.graph.classes:
        yield f"expected {model.graph.classes} names of classes, found {len(model.labels)}."
