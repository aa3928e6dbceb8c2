"""Read models of what was exported."""

from __future__ import annotations

from digits_core.service.views.view import View


class ExportedFileView(View):
    """One file of an exported model."""

    path: str
    """Where it is, from the folder that it was exported to."""
    size_bytes: int
    """Its size."""
    sha256: str
    """Its SHA-256, in hexadecimal."""


class AgreementView(View):
    """How far what was exported gives the probabilities that the model gives."""

    pictures: str
    """What both were shown, in words."""
    count: int
    """How many of them."""
    runtime: str
    """Who computed the model itself."""
    error: float
    """Largest difference of a probability; of int8 the mean over pictures of each one's largest."""
    tolerance: float
    """What the error may be at most."""
    same_top1: float
    """Share of the pictures for which the first guess is the same."""
    accuracy: float | None = None
    """Share of the pictures that the exported model gets right."""
    model_accuracy: float | None = None
    """Share of them that the model gets right."""


class ExportView(View):
    """An exported model: its manifest, and where both are."""

    path: str
    """The file or folder."""
    manifest_path: str
    """The manifest, which holds the rest of this but the sizes, the loss and the note."""
    size_bytes: int
    """Size of all files."""
    accuracy_lost: float | None = None
    """What exporting cost of the share of pictures that are right; negative where it gained."""
    note: str = ""
    """What of int8 was not measured, and how to have it measured; empty: nothing."""
    version: int
    """Version of the manifest's form."""
    format: str
    """Name of the format."""
    precision: str
    """Number format of its weights."""
    model: str
    """What was exported."""
    network: str
    """Name of its network."""
    created: str
    """Moment of the export, ISO 8601, UTC."""
    files: tuple[ExportedFileView, ...]
    """What was written."""
    versions: dict[str, str]
    """Versions of the packages that wrote it."""
    input: tuple[int, int, int]
    """Height, width and channels of the pictures that it takes."""
    labels: tuple[str, ...]
    """Names of the classes, by number; empty: unknown."""
    calibration: str = ""
    """Pictures that ranges of int8 were measured on, in words."""
    agreement: AgreementView | None = None
    """What was found when it was run; empty: this machine cannot run the format."""
    not_run: str = ""
    """Why it was not run, and what was looked at in its place."""
