"""The request for pictures to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from digits_core.spec.dataset import DatasetReference, Split
from digits_core.spec.model import Spec


class PicturesSpec(Spec):
    """Pictures from files, folders, lists and URLs, or those of a dataset."""

    images: tuple[str, ...] = ()
    """Picture files, folders, which are searched to their depth, lists with one picture a line, and URLs."""
    prefix: Path | None = None
    """Where relative paths of lists start; empty: the list's own folder."""
    within: tuple[Path, ...] | None = None
    """Folders that all that is read has to lie in, links followed; empty: anywhere. A server sets it."""
    called: dict[str, str] = Field(default_factory=dict)
    """What images are called in answers, where that is not where they are. A server sets it."""
    by_folder: bool = False
    """Whether the folder that a picture lies in names its class, where nothing else does."""
    allow_private: bool = False
    """Whether URLs may lead to private, loopback and link-local addresses."""
    dataset: DatasetReference | None = None
    """A dataset, instead."""
    split: Split = "val"
    """Which of its pictures."""

    @property
    def words(self) -> str:
        """Which pictures, in a few words.

        >>> PicturesSpec(images=("/tmp/cat.png", "/tmp/dog.png")).words
        'cat.png and 1 more'
        """
        if not self.images:
            return f"{self.split} pictures"
        first, more = self.images[0], len(self.images) - 1
        name = self.called.get(first, first.rstrip("/").rpartition("/")[2])
        return f"{name} and {more:,} more" if more else name

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> Self:
        if bool(self.images) == bool(self.dataset):
            found = "both" if self.images else "neither"
            raise ValueError(f"Pictures are expected as files or as a dataset, found {found}. Name one of the two.")
        return self
