"""What a pass is, and what every operation does in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import jax
import numpy as np
import numpy.typing as npt
from jax import lax

from digits_jax.arrays import Weights

#: fp32 means fp32 on every device: no bf16 or tf32 passes in matrix products.
PRECISION = lax.Precision.HIGHEST


@dataclass(slots=True)
class Mode:
    """How a pass runs.

    Attributes:
        step: Steps done so far, uint32, while training; None: no training behaviour.
        seed: Seed of the job.
        dtype: Number format of activations.
        unroll: Whether convolutions are taken apart where that is faster, as on processors.
        precision: How exact products of fp32 are.
        rows: Row of each sample in the global batch, uint32 ``[B]``; None: in order from 0.
        real: 0 for samples that only fill a shape, float32 ``[B]``; None: there are none.
        axis: Along which other processes see the rest of the batch; None: all of it is here.
        moved: Running statistics after the pass, by canonical name.
    """

    step: jax.Array | None = None
    seed: int = 0
    dtype: npt.DTypeLike = np.float32
    unroll: bool = False
    precision: lax.Precision = PRECISION
    rows: jax.Array | None = None
    real: jax.Array | None = None
    axis: str | None = None
    moved: Weights = field(default_factory=dict)


Apply: TypeAlias = Callable[[Sequence[jax.Array], Weights, Mode], jax.Array]


def elementwise(function: Callable[[jax.Array], jax.Array]) -> Apply:
    """The operation that is ``function`` of its only input."""

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        return function(inputs[0])

    return apply
