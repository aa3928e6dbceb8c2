"""The request for the import of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self, TypeAlias

from pydantic import Field, model_validator

from digits_core.spec.dataset import Resize
from digits_core.spec.model import Name, Spec

#: What pixels went through in training: ImageNet's mean and deviation, to −1 … 1, or to 0 … 1.
Normalization: TypeAlias = Literal["imagenet", "half", "unit"]


class ModelSpec(Spec):
    """Files of another system, and what they do not say themselves."""

    name: Name
    """Name of the model."""
    paths: tuple[Path, ...] = Field(min_length=1)
    """Its files."""
    importer: str = "auto"
    """Name of the importer plugin, or `auto` to recognise the files."""
    network: str | None = Field(default=None, min_length=1)
    """Name of the network family that the weights belong to; empty: the files say it."""
    labels: Path | None = None
    """File whose line i names class i; empty: the files say it, or nobody does."""
    mean: Path | None = None
    """File of the mean picture; empty: the files say it, or it is the family's usual one."""
    normalization: Normalization | None = None
    """What pixels went through in training: imagenet, half (−1 to 1) or unit (0 to 1); empty: the usual."""
    width: int | None = Field(default=None, ge=1, le=8192)
    """Width in pixels that the network takes; empty: the usual one."""
    height: int | None = Field(default=None, ge=1, le=8192)
    """Height in pixels that the network takes; empty: the usual one."""
    resize: Resize | None = None
    """How a picture of another shape is brought to size; empty: as is usual for such files."""

    @model_validator(mode="after")
    def _both_sides(self) -> Self:
        if (self.width is None) != (self.height is None):
            raise ValueError("size expects width and height, found one of them. Give both.")
        return self
