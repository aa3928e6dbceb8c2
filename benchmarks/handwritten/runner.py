"""What every loop is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

#: By what pixels are divided once their mean is subtracted.
SPREAD = 80.0
#: Factor on the loss of an auxiliary classifier.
AUXILIARY = 0.3

Precision = Literal["fp32", "bf16"]
Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int32]


class Runner(NamedTuple):
    """A network in training.

    Attributes:
        steps: Does so many steps, waits for the last and gives its loss; goes on where it stopped.
        parameters: How many numbers are trained.
    """

    steps: Callable[[int], float]
    parameters: int


def shuffled(count: int, batch: int) -> Iterator[npt.NDArray[np.int64]]:
    """Indices of full batches, for ever."""
    draw = np.random.default_rng(0)
    while True:
        order = draw.permutation(count)
        for start in range(0, count - batch + 1, batch):
            yield order[start : start + batch]
