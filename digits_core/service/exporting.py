"""Export as the service asks for it: which format, which pictures, and where it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digits_core.contracts.exporter import Deployable, Exporter, ExportOptions
from digits_core.dataset.pictures import Pixels
from digits_core.errors import NameTaken, Problem, RequestWrong, SpecInvalid, StorageUnusable, require
from digits_core.hooks.registry import Plugins
from digits_core.inference.drawn_pictures import drawn_pictures
from digits_core.inference.exporting import (
    ExportPlan,
    Reference,
    deployable,
    export_verified,
    manifest_path,
    reference_of,
)
from digits_core.inference.manifest import Manifest
from digits_core.inference.model import Model, load_model
from digits_core.inference.pictures import as_seen
from digits_core.service.runtimes import ChosenRuntime, choose_referee
from digits_core.service.splits import find_split, known_split, open_split, own_dataset
from digits_core.service.views.exports import ExportView
from digits_core.store.home import Home

#: Pictures that fp32 is compared on, and those that accuracy is measured on where weights are rounded.
FEW, MANY = 16, 500
#: Pictures that ranges of int8 are measured on.
CALIBRATION = 200


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is asked for.

    Attributes:
        model: What to export.
        to: Name of the format.
        destination: The file or folder.
        precision: Number format of the weights.
        calibrate: ``DATASET`` or ``DATASET:split`` whose pictures ranges of int8 are measured on; empty: the model's.
        tolerance: What the error may be at most; None: what is usual.
        force: Whether what is there gives way.
    """

    model: str
    to: str
    destination: Path
    precision: str = "fp32"
    calibrate: str | None = None
    tolerance: float | None = None
    force: bool = False


def export_model(home: Home, plugins: Plugins, request: ExportRequest, tell: Callable[[str], None]) -> ExportView:
    """Write a model in another format and see that it agrees; see `Digits.export`."""
    exporter = plugins.exporters.get(request.to)()
    loaded = load_model(home, request.model)
    require(_problems(exporter, request), SpecInvalid)
    _require_free(request)
    model = deployable(loaded)
    options, calibration = _options(home, loaded, request)
    tell(f"Computing what {model.name} gives …")
    reference = _reference(home, loaded, model, choose_referee(loaded, plugins), request)
    plan = ExportPlan(
        request.destination,
        request.force,
        request.tolerance,
        plugins.exporters.entry(request.to).versions,
        calibration,
    )
    tell(f"Writing {request.destination.name} and running it on {reference.pictures} …")
    manifest = export_verified(exporter, model, options, plan, reference)
    return ExportView(
        path=str(request.destination),
        manifest_path=str(manifest_path(request.destination)),
        size_bytes=sum(file.size_bytes for file in manifest.files),
        accuracy_lost=manifest.agreement.accuracy_lost if manifest.agreement else None,
        note=_note(manifest),
        **manifest.model_dump(),
    )


def _problems(exporter: Exporter, request: ExportRequest) -> Iterator[Problem]:
    """Everything that is wrong with a request besides names and places."""
    if request.precision not in exporter.precisions:
        offered = ", ".join(exporter.precisions)
        message = f"Format {exporter.name} does not offer precision {request.precision!r}."
        yield Problem(message, "--precision", f"It offers {offered}.")
    if exporter.suffix and request.destination.suffix != exporter.suffix:
        yield Problem(
            f"Format {exporter.name} writes what ends in {exporter.suffix}, found {request.destination.name}.",
            "--out",
            f"Write -o {request.destination.with_suffix(exporter.suffix)}.",
        )
    if request.calibrate is not None and request.precision != "int8":
        yield Problem(
            f"Only int8 is calibrated, found precision {request.precision}.",
            "--calibrate",
            "Leave it out, or add --precision int8.",
        )
    if request.tolerance is not None and not request.tolerance >= 0:
        yield Problem(f"tolerance expects a number of at least 0, found {request.tolerance}.", "--tolerance")


def _require_free(request: ExportRequest) -> None:
    destination = request.destination
    if not destination.parent.is_dir():
        hint = "Make it, or choose another place."
        raise StorageUnusable(f"There is no folder {destination.parent}.", where="--out", hint=hint)
    if destination.exists() and not request.force:
        raise NameTaken(f"{destination} exists already.", hint="Choose another name, or use --force.")


def _options(home: Home, model: Model, request: ExportRequest) -> tuple[ExportOptions, str]:
    """The options, and what calibrates in words."""
    if request.precision != "int8":
        return ExportOptions(request.precision), ""
    name, _, split = (request.calibrate or "").partition(":")
    pictures = _pictures(home, model, name or own_dataset(home, model), split or "train", CALIBRATION)
    return ExportOptions(request.precision, pictures.images), pictures.said


@dataclass(frozen=True, slots=True)
class _Pictures:
    """Pictures of a split, evenly spread, with the model's numbers of their classes."""

    images: Pixels
    labels: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    said: str


def _pictures(home: Home, model: Model, dataset: str, split: str, most: int) -> _Pictures:
    """At most ``most`` pictures of a split in the form that the network takes.

    Raises:
        SpecInvalid: If the split has none, or they are of another form.
    """
    found = known_split(split, "--calibrate")
    manifest = find_split(home, model, dataset, found)
    reader, _ = open_split(home, model, manifest.reference, found)
    chosen = np.unique(np.linspace(0, len(reader) - 1, min(most, len(reader))).round().astype(np.int64))
    numbers = {label: number for number, label in enumerate(model.labels)}
    known = np.array([numbers.get(label, -1) for label in manifest.labels], np.int64)
    images = as_seen(reader.read(chosen), model.graph.input)
    return _Pictures(images, known[reader.labels[chosen]], f"{len(chosen)} {split} pictures of {manifest.name}")


def _reference(
    home: Home, model: Model, exported: Deployable, referee: ChosenRuntime, request: ExportRequest
) -> Reference:
    """Validation pictures of the model's own dataset, else of the one it is calibrated on, else drawn ones."""
    runtime, name = referee.runtime, referee.name
    most = FEW if request.precision == "fp32" else MANY
    named = (request.calibrate or "").partition(":")[0]
    for dataset in dict.fromkeys(("", named)):
        try:
            found = _pictures(home, model, dataset or own_dataset(home, model), "val", most)
        except RequestWrong:
            continue
        return reference_of(exported, runtime, found.images, found.said, name, found.labels)
    taken = exported.graph.input
    images = drawn_pictures(taken.height, taken.width, taken.channels, FEW)
    return reference_of(exported, runtime, images, f"{len(images)} drawn pictures", name)


def _note(manifest: Manifest) -> str:
    """What has to be said of whole numbers whose accuracy nobody saw."""
    seen = manifest.agreement
    if manifest.precision != "int8" or seen is None or seen.accuracy is not None:
        return ""
    return (
        "Accuracy was not measured: no validation pictures of the model's classes were found. "
        "Calibrate on a dataset that has some: --calibrate DATASET."
    )
