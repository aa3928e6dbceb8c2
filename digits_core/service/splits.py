"""The split of a dataset that a model is to look at: which one, and whether the two fit."""

from __future__ import annotations

from collections.abc import Iterator

from digits_core.dataset.manifest import DatasetManifest
from digits_core.dataset.opened import SplitReader
from digits_core.errors import Problem, SpecInvalid, require
from digits_core.inference.model import Model
from digits_core.inference.pictures import SplitPictures
from digits_core.service.pictures import find_dataset, open_referred
from digits_core.spec.dataset import SPLITS, Split, split_reference
from digits_core.store.home import Home
from digits_core.store.job import JobFolder


def known_split(name: str, where: str = "") -> Split:
    """The split of a name that somebody wrote.

    Raises:
        SpecInvalid: If there is none of that name.
    """
    found = next((known for known in SPLITS if known == name), None)
    if found is None:
        raise SpecInvalid(f"Unknown split {name!r}.", where=where, hint=f"There are {', '.join(SPLITS)}.")
    return found


def find_split(home: Home, model: Model, dataset: str | None, split: Split) -> DatasetManifest:
    """The manifest of the dataset that ``model`` is to look at: the named one, else the one that it was trained on.

    Raises:
        NameUnknown: If there is no such dataset.
        DatasetUnusable: If it is damaged.
        SpecInvalid: If its pictures have another size, or the split has none.
    """
    manifest = find_dataset(home, dataset or own_dataset(home, model))
    require(size_misfits(model, manifest, split), SpecInvalid)
    return manifest


def open_split(home: Home, model: Model, dataset: str, split: Split) -> tuple[SplitReader, SplitPictures]:
    """The pictures of a split of ``NAME@v0001``, to be read as they are stored and as the model sees them."""
    opened = open_referred(home, dataset)
    reader = opened.split(split)
    return reader, SplitPictures(reader, opened.manifest.labels, model)


def size_misfits(model: Model, manifest: DatasetManifest, split: Split) -> Iterator[Problem]:
    """Why a model cannot look at the pictures of a split."""
    form = model.picture
    expected, found = (form.height, form.width, form.channels), tuple(manifest.size)
    if found != expected:
        wanted, given = (f"{width}x{height}x{channels}" for height, width, channels in (expected, found))
        yield Problem(
            f"Model {model.name} expects pictures of {wanted}, found {given} in dataset {manifest.name}.",
            "dataset",
            f"Make a dataset with --size {form.width}x{form.height} --channels {form.channels}.",
        )
    if not manifest.splits.get(split, 0):
        given = ", ".join(name for name, count in manifest.splits.items() if count)
        yield Problem(f"Dataset {manifest.name} has no {split} pictures.", "split", f"It has {given}.")


def class_misfits(model: Model, manifest: DatasetManifest) -> Iterator[Problem]:
    """Why the classes of a dataset say nothing about a model."""
    if not set(manifest.labels) & set(model.labels):
        yield Problem(
            f"Dataset {manifest.name} has none of the classes of model {model.name}.",
            "dataset",
            f"Those are {', '.join(model.labels[:10])}." if model.labels else "It names no classes.",
        )


def own_dataset(home: Home, model: Model) -> str:
    """The dataset version that a model was trained on, ``NAME@v0001``.

    Raises:
        SpecInvalid: If it is not known here.
    """
    if model.state is None:
        hint = "Name one: --dataset NAME, or --calibrate NAME for an export."
        raise SpecInvalid(f"Model {model.name} was trained on no dataset here.", where="dataset", hint=hint)
    request = JobFolder(home.job_folder(model.name.partition("@")[0])).request()
    return f"{split_reference(request.spec.dataset)[0]}@{request.dataset_version}"
