from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, Field

from digits_core.contracts.augmentation import PictureAugmentation
from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


class ScanlinesParams(BaseModel):
    every: int = Field(default=2, ge=2, description="Rows from one dark row to the next.")


class Scanlines(PictureAugmentation):
    """Darkens some rows, as old monitors did; which ones is chance."""

    name: ClassVar = "scanlines"
    Params: ClassVar = ScanlinesParams
    draws: ClassVar = 1

    def __init__(self, params: Any) -> None:
        self._every = params.every

    def apply(self, picture: np.ndarray, draws: Sequence[float]) -> np.ndarray:
        first = int(draws[0] * self._every)
        darkened = picture.copy()
        darkened[first :: self._every] //= 2
        return darkened


@hookimpl
def digits_augmentations() -> list[Entry]:
    return [Entry("scanlines", "my_augmentation:Scanlines", "Dark rows, as on old monitors.")]
