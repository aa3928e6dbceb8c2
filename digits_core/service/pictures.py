"""What a dataset is to a job: there, or being made; and whether the two fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digits_core.dataset.manifest import DatasetManifest, version_names
from digits_core.errors import (
    DatasetUnusable,
    NameUnknown,
    Problem,
    suggest,
)
from digits_core.service.native import is_native
from digits_core.spec.dataset import DatasetSpec, PictureForm, split_reference
from digits_core.spec.job import JobSpec
from digits_core.store.home import Home
from digits_core.store.job import JobRequest, TaskRequest

if TYPE_CHECKING:
    from digits_core.dataset.opened import Dataset


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


def picture_source(manifest: DatasetManifest) -> PictureSource:
    """What a dataset that is there is to a job."""
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


def expected_source(maker: TaskRequest) -> PictureSource:
    """What can be said of a dataset that is being made: everything but its classes and pictures."""
    spec = maker.spec
    assert isinstance(spec, DatasetSpec)
    form = PictureForm(width=spec.width, height=spec.height, channels=spec.channels, resize=spec.resize)
    return PictureSource(form, ())


def find_dataset(home: Home, reference: str) -> DatasetManifest:
    """The manifest of a dataset whose files are all there; see `open_referred`."""
    return open_referred(home, reference).manifest


def open_referred(home: Home, reference: str) -> Dataset:
    """The dataset that is referred to: the newest version of ``NAME``, or ``NAME@v0001``.

    Raises:
        NameUnknown: If there is no such dataset or version.
        DatasetUnusable: If it is damaged.
    """
    from digits_core.dataset.opened import open_dataset

    name, version = split_reference(reference)
    if name not in home.dataset_names():
        hint = suggest(name, home.dataset_names())
        raise NameUnknown(f"There is no dataset {name!r}.", hint=f"{hint} Make one with: digits dataset create.")
    folder = home.dataset_folder(name)
    if version is not None and version not in (versions := version_names(folder)):
        raise NameUnknown(f"Dataset {name} has no version {version!r}.", hint=suggest(version, versions))
    return open_dataset(folder, version)


def require_same_dataset(home: Home, request: JobRequest) -> None:
    """Refuse to go on with another dataset than the job began with.

    Raises:
        DatasetUnusable: If the dataset is gone, damaged, or another one of the same name.
    """
    from digits_core.dataset.opened import open_dataset

    name, version = split_reference(request.spec.dataset)[0], request.dataset_version
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


def version_note(home: Home, before: JobRequest, dataset: str) -> str | None:
    """What is said where a job is asked for again and means other pictures than then; None where it does not.

    Args:
        home: Where the dataset is.
        before: The job.
        dataset: What is asked for now; without a version the newest is meant.
    """
    name, chosen = split_reference(dataset)
    known = version_names(home.dataset_folder(name)) if name in home.dataset_names() else ()
    then = before.dataset_version if name == split_reference(before.spec.dataset)[0] else ""
    if chosen or not known or then in ("", known[-1]):
        return None
    return (
        f"Dataset {name} has changed since: job {before.id} learned from {then}, and this one takes the newest, "
        f"{known[-1]}. For the same pictures as then, ask for {name}@{then}."
    )


def with_fitting_batch(spec: JobSpec, form: PictureSource | None) -> tuple[JobSpec, tuple[str, ...]]:
    """The request with a batch that the pictures fill, where none was asked for, and what is to be said of it."""
    if form is None or "batch" in spec.model_fields_set or not 0 < form.pictures < spec.batch_size:
        return spec, ()
    note = f"A batch takes all {form.pictures} training pictures: the usual {spec.batch} are more than there are."
    return spec.model_copy(update={"batch": form.pictures}), (note,)


def misfits(spec: JobSpec, form: PictureSource) -> Iterator[Problem]:
    """Where a job and the pictures it asks for do not fit."""
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


def balance_notes(spec: JobSpec, form: PictureSource) -> Iterator[str]:
    """What balancing leaves out."""
    empty = form.untaught
    if empty and "balanced" in (spec.targets.class_weights, spec.targets.sampling):
        named = ", ".join(empty[:5]) + (f" and {len(empty) - 5} more" if len(empty) > 5 else "")
        yield f"No training pictures of {named}: the other classes are balanced among themselves."
