"""Read models of the pictures of a dataset, and of what a dataset that is yet to be made would hold."""

from __future__ import annotations

from pydantic import Field

from digits_core.dataset.manifest import Change, ClassCount, DatasetManifest
from digits_core.service.views.view import View
from digits_core.spec.dataset import DatasetSpec


class PictureView(View):
    """One picture of a dataset."""

    index: int
    """Its place in the split, from 0."""
    key: str
    """Where it came from, as its source calls it."""
    label: str
    """Name of its class."""


class GalleryView(View):
    """One page of the pictures of a split."""

    dataset: str
    """Name of the dataset."""
    version: str
    """Which version of it."""
    split: str
    """Which split of that."""
    total: int
    """Pictures on all pages."""
    page: int
    """Which page this is, from 0."""
    pages: int
    """How many there are; 0 where nothing was found."""
    items: tuple[PictureView, ...]
    """The pictures of this page."""


class SkippedView(View):
    """A picture that could not be read."""

    key: str
    """Where it came from, as its source calls it."""
    reason: str
    """Why."""


class SourcePictureView(View):
    """An example of what a source holds."""

    number: int
    """What it is asked for by, see `Digits.source_picture`."""
    key: str
    """How its source finds it."""
    label: str
    """Name of its class."""


class SourcePreviewView(View):
    """What the creation of a dataset would find."""

    complete: bool
    """Whether the sources were listed; if not, it takes longer than this look may, and goes on: ask again."""
    classes: tuple[ClassCount, ...] = ()
    """Every class and how many pictures of it each split would hold."""
    left_out: dict[str, int] = Field(default_factory=dict)
    """Classes below the minimum, and how many training pictures they have."""
    splits: dict[str, int] = Field(default_factory=dict)
    """Pictures of each split."""
    pictures: tuple[SourcePictureView, ...] = ()
    """A few of them, of different classes."""
    problems: tuple[dict[str, str], ...] = ()
    """Why it could not be made: each with message, where and hint."""


class DatasetView(View):
    """A version of a dataset."""

    name: str
    """Name of the dataset."""
    version: str
    """Which version of it."""
    digest: str
    """`sha256:…` over class names and stored pictures; equal pictures give an equal digest."""
    created: str
    """When, ISO 8601 in UTC."""
    spec: DatasetSpec
    """The request that the first version was made by."""
    splits: dict[str, int]
    """Pictures in each split."""
    classes: tuple[ClassCount, ...]
    """Every class, in the order of labels."""
    skipped: int
    """Pictures that could not be read when this version was made."""
    size: tuple[int, int, int]
    """Height, width and channels."""
    encoding: str
    """How pictures are stored."""
    change: Change | None = None
    """How it came from another version; nothing where it was made from pictures."""

    @classmethod
    def of(cls, manifest: DatasetManifest) -> DatasetView:
        """What commands print of a version."""
        return cls.model_validate(manifest.summary())
