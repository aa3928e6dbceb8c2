"""What a pass is, and what every operation does in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from digits_numpy.arrays import Array

Weights: TypeAlias = dict[str, Array]


Backward: TypeAlias = Callable[[Array], tuple[Sequence[Array], Weights]]


@dataclass(slots=True)
class Mode:
    """How a pass runs.

    Attributes:
        training: Whether dropout drops and batch norm uses the batch.
        seed: Seed of the job.
        step: Steps done so far.
        first: Row of the batch that the first picture is.
        moved: Running statistics after the pass, by canonical name.
    """

    training: bool = False
    seed: int = 0
    step: int = 0
    first: int = 0
    moved: Weights = field(default_factory=dict)


Forward: TypeAlias = Callable[[Sequence[Array], Weights, Mode], tuple[Array, Backward]]
