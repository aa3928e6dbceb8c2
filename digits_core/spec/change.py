"""Requests for a new version of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from digits_core.spec.dataset import DatasetReference, DatasetSpec, Split
from digits_core.spec.model import Spec


class PictureReference(Spec):
    """A picture of a dataset, or several."""

    key: str = Field(min_length=1)
    """Its key, or a pattern such as `cat/*`."""
    split: Split | None = None
    """The split that it is in; empty: any."""
    hash: str = ""
    """Its hash, where several pictures have the same key; empty: any."""
    to: str = ""
    """The class that it is to have."""


class Relabel(Spec):
    """Give pictures other classes; a class that is not there is added at the end."""

    action: Literal["relabel"] = "relabel"
    """What is to be done."""
    pictures: tuple[PictureReference, ...] = ()
    """Which pictures, and the class of each."""
    classes: dict[str, str] = Field(default_factory=dict)
    """Classes that get another name; if a class has that name already, the two become one."""


class Exclude(Spec):
    """Leave pictures out."""

    action: Literal["exclude"] = "exclude"
    """What is to be done."""
    pictures: tuple[PictureReference, ...] = ()
    """Which pictures."""
    classes: tuple[str, ...] = ()
    """Classes all of whose pictures are left out; the classes stay, without pictures."""
    splits: tuple[Split, ...] = ()
    """The splits whose pictures are left out; empty: all."""


class Select(Spec):
    """Keep some pictures only, and the classes that have any; without a condition: all, as an old version had them."""

    action: Literal["select"] = "select"
    """What is to be done."""
    classes: tuple[str, ...] = ()
    """Classes that are kept; empty: all."""
    keys: tuple[str, ...] = ()
    """Keys or patterns, one of which a picture has to match; empty: any does."""
    splits: tuple[Split, ...] = ()
    """Splits that are kept; empty: all."""
    max_per_class: int | None = Field(default=None, ge=1)
    """Most pictures of a class in a split, drawn by the seed; empty: all."""
    count: int | None = Field(default=None, ge=1)
    """Most pictures in a split, drawn by the seed; empty: all."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Decides what is drawn."""


class Append(Spec):
    """Add pictures but for those that are there already; classes that are not there are added at the end."""

    action: Literal["append"] = "append"
    """What is to be done."""
    paths: tuple[Path, ...] = Field(min_length=1)
    """Folders, lists or whatever a source reads."""
    source: str = "auto"
    """Name of the dataset source plugin, or `auto` to recognise it."""
    split: Split | None = None
    """The split that all of them come into; empty: they are divided."""
    val: float | None = Field(default=None, ge=0, lt=100)
    """Percent that validates; empty: as the dataset was made."""
    test: float | None = Field(default=None, ge=0, lt=100)
    """Percent kept for tests; empty: as the dataset was made."""
    labels: Path | None = None
    """For lists: a file whose line i names label i."""
    prefix: Path | None = None
    """For lists: the folder that relative picture paths start from; empty: the list's own folder."""
    within: tuple[Path, ...] | None = None
    """Folders that all that is read has to lie in, links followed; empty: anywhere. A server sets it."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Decides which pictures come into which split."""

    def as_dataset(self, base: DatasetSpec) -> DatasetSpec:
        """The request for a dataset of the form of ``base`` that these pictures would be."""
        given = {
            "val": base.val if self.val is None else self.val,
            "test": base.test if self.test is None else self.test,
        }
        shares = {"val": 0.0, "test": 0.0} if self.split else given
        limits = {"min_per_class": 1, "max_per_class": None}
        kept = {name: getattr(base, name) for name in ("name", "width", "height", "channels", "resize", "encoding")}
        asked = {name: getattr(self, name) for name in ("paths", "source", "labels", "prefix", "within", "seed")}
        every = dict.fromkeys(("limits", "val_limits", "test_limits"), limits)
        return DatasetSpec.model_validate({**kept, **asked, **shares, **every})


class Merge(Spec):
    """Add the pictures of another dataset; classes of the same name are the same."""

    action: Literal["merge"] = "merge"
    """What is to be done."""
    dataset: DatasetReference
    """The other dataset."""


#: What can be asked for.
ChangeSpec = Relabel | Exclude | Select | Append | Merge


class ChangeRequest(Spec):
    """A change of any kind."""

    change: Annotated[ChangeSpec, Field(discriminator="action")]
    """What is to be done."""
