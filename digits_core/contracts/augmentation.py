"""The augmentation contract: a picture and random numbers in, a picture out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel


class PictureAugmentation(ABC):
    """Something that training does to a picture by chance.

    It draws nothing itself: it is given its numbers, which are the same for the same picture of the same epoch in every
    backend, on any number of devices, and after a resume. `Params` is a pydantic model; its field descriptions are the
    augmentation's documentation.

    Args:
        params: What the job says of it, checked against `Params`.
    """

    name: ClassVar[str]
    Params: ClassVar[type[BaseModel]]
    #: How many random numbers it takes per picture.
    draws: ClassVar[int] = 1

    @abstractmethod
    def __init__(self, params: Any) -> None: ...

    @abstractmethod
    def apply(self, picture: npt.NDArray[np.uint8], draws: Sequence[float]) -> npt.NDArray[np.uint8]:
        """The picture that training sees instead; called from several threads at once.

        Args:
            picture: uint8 ``[H, W, C]`` of one channel or three (RGB), not to be written to.
            draws: Independent and uniform in [0, 1), multiples of 2⁻⁵³: `draws` of them. One that needs many more seeds
                a generator: ``np.random.Generator(np.random.SFC64(int(draws[0] * 2**53)))``.

        Returns:
            uint8 of the same shape.
        """
