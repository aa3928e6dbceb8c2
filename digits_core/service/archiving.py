"""Archives as the service makes them and tells of them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.archive import manifest as names
from digits_core.archive.manifest import Preprocessing
from digits_core.archive.model import read_notes
from digits_core.contracts.exporter import ExportOptions
from digits_core.dataset.manifest import read_manifest
from digits_core.dataset.pictures import Pixels
from digits_core.disk import chosen_place, require_place
from digits_core.errors import CapabilityMissing, DatasetUnusable, NameTaken, SpecInvalid
from digits_core.graph.native import native_of
from digits_core.hooks.registry import Plugins
from digits_core.inference.drawn_pictures import drawn_pictures
from digits_core.inference.exporting import deployable
from digits_core.inference.model import Model, is_archive_file, load_model, plain_name
from digits_core.inference.pictures import as_seen
from digits_core.packing.contents import Contents, Reference, archive_files
from digits_core.packing.writing import form_of, make_manifest, write_archive
from digits_core.service.views.archives import ArchiveView
from digits_core.spec.dataset import split_reference
from digits_core.store.home import Home
from digits_core.store.job import JobFolder, JobRequest
from digits_core.store.models import ModelFolder

#: Who writes the ONNX file of an archive.
EXPORTER = "onnx"
#: Letters of a licence's name, as manifests hold them.
MOST_LICENSE = 200


def make_archive(
    home: Home, plugins: Plugins, name: str, destination: Path | None, license: str | None, *, force: bool = False
) -> ArchiveView:
    """Pack a model; see `Digits.make_archive`."""
    path = destination or Path(f"{plain_name(name)}.tar.gz")
    form_of(path)
    if path.is_file() and not force:
        raise NameTaken(f"{path} exists already.", hint="Choose another name, or use --force.")
    require_place(path)
    if license and not (license.isprintable() and len(license) <= MOST_LICENSE):
        message = f"A licence expects one line of at most {MOST_LICENSE} letters, found {license[:40]!r}."
        raise SpecInvalid(message, where="--license", hint="For example CC-BY-4.0.")
    model = load_model(home, name)
    if native := native_of(model.graph):
        raise CapabilityMissing(
            f"Model {model.name} is a native network of backend {native.backend}, and archives hold no code.",
            where="model",
            hint="Write the network as YAML, train it, and pack that.",
        )
    contents = _contents(home, plugins, model, name, license)
    files = archive_files(contents)
    manifest = make_manifest(contents.name, contents.license, files)
    with chosen_place(path):
        write_archive(path, manifest, files)
    return archive_view(path)


def archive_view(path: Path) -> ArchiveView:
    """What an archive says about itself; it is whole.

    Raises:
        ModelInvalid: If it is damaged.
    """
    notes = read_notes(path)
    manifest, graph, form = notes.manifest, notes.graph, notes.preprocessing.picture
    return ArchiveView(
        file=str(path),
        model=manifest.name,
        digest=manifest.digest,
        license=manifest.license,
        size_bytes=path.stat().st_size,
        network=graph.name,
        parameters=graph.parameter_count,
        classes=graph.classes,
        labels=notes.labels,
        input=(graph.input.height, graph.input.width, graph.input.channels),
        picture=(form.height, form.width, form.channels),
        resize=form.resize,
        metrics=notes.metrics,
        dataset=notes.dataset,
        job=notes.job,
        files={name: record.size_bytes for name, record in manifest.files.items()},
    )


def _contents(home: Home, plugins: Plugins, model: Model, name: str, license: str | None) -> Contents:
    shown, metrics, dataset, job, given = _told(home, model, name)
    form = model.picture
    pictures = drawn_pictures(form.height, form.width, form.channels)
    pixels = as_seen(pictures, model.graph.input)
    onnx, output = _export(plugins, model, shown, pixels)
    return Contents(
        name=shown,
        license=given if license is None else license,
        graph=model.graph,
        arrays=model.arrays,
        labels=model.labels,
        preprocessing=_preprocessing(model),
        metrics=metrics,
        dataset=dataset,
        job=job,
        onnx=onnx,
        reference=Reference(pictures[0], pixels, output),
    )


def _preprocessing(model: Model) -> Preprocessing:
    form, taken = model.picture, model.graph.input
    whole = (taken.height, taken.width) == (form.height, form.width)
    return Preprocessing(picture=form, crop=None if whole else (taken.height, taken.width))


def _export(plugins: Plugins, model: Model, shown: str, pixels: Pixels) -> tuple[bytes, npt.NDArray[np.float32]]:
    """The ONNX file of a model that is called ``shown``, and what ONNX Runtime makes of ``pixels`` by it."""
    exporter = plugins.exporters.get(EXPORTER)()
    named = replace(deployable(model), name=shown)
    with tempfile.TemporaryDirectory(prefix="digits-") as folder:
        file = Path(folder) / names.ONNX
        exporter.export(named, ExportOptions(), file)
        return file.read_bytes(), exporter.run(named, file, pixels).astype(np.float32)


def _told(home: Home, model: Model, name: str) -> tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], str]:
    """The model's name for others, what was measured, on what, how it was trained, and its licence so far."""
    if is_archive_file(home, name):
        notes = read_notes(Path(model.name))
        return notes.manifest.name, notes.metrics, notes.dataset, notes.job, notes.manifest.license
    if model.state is None:
        record = ModelFolder.find(home, model.name).record()
        job = record.model_dump(mode="json", include={"created", "importer", "files", "notes"})
        return model.name, {}, {}, job, ""
    request = JobFolder(home.job_folder(plain_name(model.name))).request()
    metrics = model.state.model_dump(mode="json", include={"step", "epoch", "backend", "metrics"})
    return model.name, metrics, _dataset(home, request), _job(request), ""


def _dataset(home: Home, request: JobRequest) -> dict[str, Any]:
    """The dataset as the job knew it, and how many pictures of each class where it still lies here."""
    name = split_reference(request.spec.dataset)[0]
    told: dict[str, Any] = {
        "name": name,
        "version": request.dataset_version,
        "digest": request.dataset_digest,
    }
    try:
        manifest = read_manifest(home.dataset_folder(name), request.dataset_version)
    except DatasetUnusable:
        return told
    if manifest.digest != request.dataset_digest:
        return told
    counts = [count.model_dump(mode="json") for count in manifest.classes]
    return {**told, "splits": dict(manifest.splits), "classes": counts}


def _job(request: JobRequest) -> dict[str, Any]:
    """The request of a job without paths of the machine that it ran on."""
    spec = request.spec.model_dump(mode="json", exclude_none=True, exclude={"devices", "priority", "retries"})
    for key in spec.keys() & {"network", "start"}:
        spec[key] = Path(spec[key]).name
    return {"job": request.id, "created": request.created, "backend": request.backend, "request": spec}
