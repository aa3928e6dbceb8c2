"""The request for the pictures that classes score highest."""

from __future__ import annotations

from pydantic import Field

from digits_core.spec.dataset import DatasetReference, Split
from digits_core.spec.model import Spec


class TopSpec(Spec):
    """Which pictures are looked at, and how many of them are wanted."""

    dataset: DatasetReference | None = None
    """The dataset; empty: the version that the model was trained on."""
    split: Split = "val"
    """Which of its pictures."""
    count: int = Field(default=9, ge=1, le=1000)
    """Pictures per class."""
    classes: tuple[str, ...] = ()
    """Names of the classes; empty: all of them."""
