"""Write a model in another system's format, run what was written, and keep it only if it agrees."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.contracts.exporter import Deployable, Exporter, ExportOptions, Probabilities, run_in_parts
from digits_core.contracts.runtime import Runtime
from digits_core.disk import new_entry, write_file
from digits_core.errors import CapabilityMissing, DigitsError, ExportUnfaithful, NameTaken, StorageUnusable
from digits_core.inference.classify import softmax
from digits_core.inference.manifest import SUFFIX, Agreement, ExportedFile, Manifest, exported_files
from digits_core.inference.model import Model
from digits_core.spec.files import dump_json

#: What the error may be where nobody says otherwise, by precision; what rounds weights moves probabilities.
TOLERANCES: Mapping[str, float] = MappingProxyType({"fp32": 1e-4, "fp16": 2e-2, "int8": 0.1})
#: The precision whose error is a mean: single pictures between two classes may go either way.
MEAN_OF = "int8"


@dataclass(frozen=True, slots=True)
class Reference:
    """What an exported model is compared with.

    Attributes:
        images: uint8 ``[N, H, W, C]``, as the network takes them.
        pictures: What they are, in words.
        probabilities: What the model gives for them, ``[N, classes]``.
        runtime: Who computed that.
        labels: int ``[N]``, class numbers of the model, -1 where it does not know the class; None: nobody knows them.
    """

    images: npt.NDArray[np.uint8]
    pictures: str
    probabilities: Probabilities
    runtime: str
    labels: npt.NDArray[np.integer[Any]] | None = None


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """Where an exported model goes, and when it is good enough.

    Attributes:
        destination: The file or folder.
        replace: Whether what is there gives way.
        tolerance: What the error may be at most; None: what is usual for the precision.
        versions: Versions of the packages that write.
        calibration: Pictures of ``ExportOptions.calibration`` in words.
    """

    destination: Path
    replace: bool = False
    tolerance: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    calibration: str = ""


def deployable(model: Model) -> Deployable:
    """A model as exporters are given it: without heads that only training needs."""
    graph = model.graph.classifying()
    arrays = {name: model.arrays[name] for name in graph.parameters}
    return Deployable(model.name, graph, arrays, model.labels, model.picture)


def reference_of(
    model: Deployable,
    runtime: Runtime,
    images: npt.NDArray[np.uint8],
    pictures: str,
    name: str,
    labels: npt.NDArray[np.integer[Any]] | None = None,
) -> Reference:
    """What ``runtime``, called ``name``, computes for pictures; see `Reference`."""
    return Reference(images, pictures, probabilities_of(model, runtime, images), name, labels)


def probabilities_of(model: Deployable, runtime: Runtime, images: npt.NDArray[np.uint8]) -> Probabilities:
    """What a runtime computes from network and weights, for uint8 ``[N, H, W, C]``: ``[N, classes]``."""
    predictor = runtime.load(model.graph, model.arrays)
    try:
        return softmax(run_in_parts(lambda part: predictor.predict(part)[model.graph.output], images))
    finally:
        predictor.close()


def export_verified(
    exporter: Exporter, model: Deployable, options: ExportOptions, plan: ExportPlan, reference: Reference
) -> Manifest:
    """Write a model, run what was written, and put it and its manifest in place if both agree.

    Raises:
        ExportUnfaithful: If they differ by more than the tolerance; nothing is left.
        CapabilityMissing: If the format cannot hold the network.
        NameTaken: If something is at the destination and may not be replaced.
        StorageUnusable: If it cannot be written there.
    """
    with _written(plan) as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # frameworks speak to their own developers
        with _in_words(exporter, model):
            exporter.export(model, options, place)
            agreement, not_run = _try_out(exporter, model, options.precision, plan.tolerance, place, reference)
        if agreement is not None and not agreement.error <= agreement.tolerance:
            raise _unfaithful(exporter, model, agreement)
        manifest = _manifest(exporter, model, options, plan, exported_files(place))
    complete = manifest.model_copy(update={"agreement": agreement, "not_run": not_run})
    write_file(manifest_path(plan.destination), dump_json(complete.model_dump(mode="json", exclude_none=True)))
    return complete


def manifest_path(destination: Path) -> Path:
    """Where the manifest of what is exported to ``destination`` goes."""
    return destination.with_name(f"{destination.name}{SUFFIX}")


def _try_out(
    exporter: Exporter, model: Deployable, precision: str, tolerance: float | None, place: Path, reference: Reference
) -> tuple[Agreement | None, str]:
    """What running it shows, or why it cannot be run here."""
    try:
        found = exporter.run(model, place, reference.images)
    except CapabilityMissing as elsewhere:
        return None, str(elsewhere)
    if found.shape != reference.probabilities.shape:
        expected = list(reference.probabilities.shape)
        message = f"Format {exporter.name} expects probabilities {expected}, found {list(found.shape)}."
        raise ExportUnfaithful(message, hint="Report this to the authors of the exporter.")
    _require_numbers(exporter, model, precision, found, reference)
    return _agreement(found, reference, precision, tolerance), ""


def _require_numbers(
    exporter: Exporter, model: Deployable, precision: str, found: Probabilities, reference: Reference
) -> None:
    """Refuse NaN in place of probabilities, which no tolerance allows."""
    lost = ~np.isfinite(found).all(axis=1)
    own = ~np.isfinite(reference.probabilities).all(axis=1)
    if not (lost | own).any():
        return
    if own.any():
        hint = f"The model itself gives NaN for {own.sum()}: choose an earlier snapshot."
    elif precision == "fp32":
        hint = "Export to another format."
    else:
        hint = f"Its numbers are too large for {precision}: choose --precision fp32."
    raise ExportUnfaithful(
        f"Format {exporter.name} in {precision} does not agree with model {model.name}: expected probabilities, "
        f"found NaN for {lost.sum()} of {len(found)} pictures.",
        hint=hint,
    )


def _agreement(found: Probabilities, reference: Reference, precision: str, tolerance: float | None) -> Agreement:
    expected = reference.probabilities
    apart = np.abs(found.astype(np.float64) - expected).max(axis=1)
    top, model_top = found.argmax(axis=1), expected.argmax(axis=1)
    known = np.flatnonzero(reference.labels >= 0) if reference.labels is not None else np.empty(0, int)
    right = reference.labels[known] if reference.labels is not None else known
    return Agreement(
        pictures=reference.pictures,
        count=len(found),
        runtime=reference.runtime,
        error=float(apart.mean() if precision == MEAN_OF else apart.max()),
        tolerance=TOLERANCES.get(precision, TOLERANCES["fp32"]) if tolerance is None else tolerance,
        same_top1=float((top == model_top).mean()),
        accuracy=float((top[known] == right).mean()) if len(known) else None,
        model_accuracy=float((model_top[known] == right).mean()) if len(known) else None,
    )


def _manifest(
    exporter: Exporter, model: Deployable, options: ExportOptions, plan: ExportPlan, files: tuple[ExportedFile, ...]
) -> Manifest:
    taken = model.graph.input
    return Manifest(
        format=exporter.name,
        precision=options.precision,
        model=model.name,
        network=model.graph.name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        files=files,
        versions=dict(plan.versions),
        input=(taken.height, taken.width, taken.channels),
        labels=model.labels,
        calibration=plan.calibration,
    )


def _unfaithful(exporter: Exporter, model: Deployable, found: Agreement) -> ExportUnfaithful:
    return ExportUnfaithful(
        f"Format {exporter.name} of model {model.name} expects probabilities within {found.tolerance:g} of those of "
        f"{found.runtime}, found {found.error:.3g} on {found.count} pictures; "
        f"the first guess is the same for {found.same_top1:.1%}.",
        hint="Choose another precision or more pictures to calibrate with, or allow more with --tolerance.",
    )


@contextmanager
def _written(plan: ExportPlan) -> Iterator[Path]:
    """Where to write to; failures of the disk in words that speak of the destination."""
    destination = plan.destination
    try:
        with new_entry(destination, replace=plan.replace) as place:
            yield place
    except FileExistsError:
        raise NameTaken(f"{destination} exists already.", hint="Choose another name, or use --force.") from None
    except OSError as reason:
        hint = "Choose a place in a folder that exists and can be written, with room."
        raise StorageUnusable(f"{destination} cannot be written: {reason.strerror or reason}.", hint=hint) from reason


@contextmanager
def _in_words(exporter: Exporter, model: Deployable) -> Iterator[None]:
    """What a framework could not do becomes a message."""
    try:
        yield
    except (DigitsError, OSError):
        raise
    except Exception as reason:
        said = str(reason).strip().partition("\n")[0][:300]
        raise CapabilityMissing(
            f"Format {exporter.name} cannot hold network {model.graph.name}: {type(reason).__name__}: {said}.",
            hint="Export to another format; DIGITS_DEBUG=1 shows where it failed.",
        ) from reason
