"""A plugin that brings an augmentation: entries and all, as a third party would write it."""

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from digits_core.contracts.augmentation import PictureAugmentation
from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl
from digits_core.spec.model import Spec


class RainParams(Spec):
    """How it rains."""

    drops: int = Field(default=3, ge=0, description="White pixels per picture.")


class Rain(PictureAugmentation):
    """White pixels anywhere."""

    name: ClassVar = "rain"
    Params: ClassVar = RainParams
    draws: ClassVar = 1

    def __init__(self, params: Any) -> None:
        self._params = params

    def apply(self, picture, draws):
        drawn = np.random.Generator(np.random.SFC64(int(draws[0] * 2**53)))
        rained = picture.copy()
        for _ in range(self._params.drops):
            rained[drawn.integers(picture.shape[0]), drawn.integers(picture.shape[1])] = 255
        return rained


class Shrink(PictureAugmentation):
    """Breaks the contract: gives another shape."""

    name: ClassVar = "shrink"
    Params: ClassVar = Spec

    def __init__(self, params: Any) -> None:
        pass

    def apply(self, picture, draws):
        return picture[1:]


@hookimpl
def digits_augmentations() -> list[Entry]:
    return [
        Entry("rain", f"{__name__}:Rain", "White pixels anywhere."),
        Entry("shrink", f"{__name__}:Shrink", "Gives another shape."),
    ]
