"""The request for a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from digits_core.spec.model import NAME_PATTERN, Name, Spec
from digits_core.spec.subject import Subject

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
Resize = Literal["squash", "crop", "fill", "half-crop"]
Encoding = Literal["raw", "png", "jpeg"]
#: A dataset, ``NAME``: its newest version, or ``NAME@v0001``: that one.
DatasetReference = Annotated[str, StringConstraints(pattern=rf"^{NAME_PATTERN}(@[A-Za-z0-9._-]{{1,20}})?$")]


def split_reference(reference: str) -> tuple[str, str | None]:
    """Name and version of what a dataset is referred to by; without a version the newest is meant.

    >>> split_reference("flowers@v0002"), split_reference("flowers")
    (('flowers', 'v0002'), ('flowers', None))
    """
    name, _, version = reference.partition("@")
    return name, version or None


class PictureForm(Spec):
    """The form in which a dataset keeps pictures; classification brings new pictures into it."""

    width: int
    """Width in pixels."""
    height: int
    """Height in pixels."""
    channels: int
    """1 for greyscale, 3 for colour."""
    resize: Resize
    """How a picture of another shape is brought to size."""


class ClassLimits(Spec):
    """How many pictures a class may have in one split's source."""

    min_per_class: int = Field(default=2, ge=0)
    """Classes with fewer pictures are left out."""
    max_per_class: int | None = Field(default=None, ge=1)
    """Pictures beyond this number are left out, chosen by the seed; empty keeps all."""


class DatasetSpec(Spec):
    """Pictures, how they are split, and the form in which they are kept."""

    name: Name
    """Name of the dataset."""
    paths: tuple[Path, ...] = Field(min_length=1)
    """Folders, lists or IDX folders with the training pictures; several are joined."""
    source: str = "auto"
    """Name of the dataset source plugin, or `auto` to recognise it."""
    width: int = Field(default=256, ge=1, le=8192)
    """Width of the stored pictures in pixels."""
    height: int = Field(default=256, ge=1, le=8192)
    """Height of the stored pictures in pixels."""
    channels: Literal[1, 3] = 3
    """1 for greyscale, 3 for colour."""
    resize: Resize = "squash"
    """How a picture of another shape is brought to size."""
    encoding: Encoding = "png"
    """How the pictures are stored: raw pixels are largest and fastest."""
    val: float | None = Field(default=None, ge=0, lt=100)
    """Percent of the training pictures that validate; empty: what the source says, else 25."""
    test: float | None = Field(default=None, ge=0, lt=100)
    """Percent of the training pictures kept for tests; empty: what the source says, else 0."""
    limits: ClassLimits = ClassLimits()
    """Limits of the training source."""
    val_path: Path | None = None
    """A separate folder or list with the validation pictures."""
    val_limits: ClassLimits = ClassLimits()
    """Limits of the separate validation source."""
    test_path: Path | None = None
    """A separate folder or list with the test pictures."""
    test_limits: ClassLimits = ClassLimits()
    """Limits of the separate test source."""
    labels: Path | None = None
    """For lists: a file whose line i names label i."""
    prefix: Path | None = None
    """For lists: the folder that relative picture paths start from; empty: the list's own folder."""
    within: tuple[Path, ...] | None = None
    """Folders that all that is read has to lie in, links followed; empty: anywhere. A server sets it."""
    shuffle: bool = True
    """Shuffle before splitting; without it the order of the source decides."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Decides the split and which pictures stay under a maximum."""

    @property
    def subject(self) -> Subject:
        """What a job is about that makes it."""
        return Subject(self.name)

    @model_validator(mode="after")
    def _shares_leave_training_pictures(self) -> Self:
        if (self.val or 0) + (self.test or 0) >= 100:
            raise ValueError(
                f"val + test expects less than 100 percent, found {self.val or 0:g} + {self.test or 0:g}. "
                "Leave some pictures to train on."
            )
        return self
