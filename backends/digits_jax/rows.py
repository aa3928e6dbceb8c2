"""Which rows of a batch are worked on together: by every process, in every part."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import lax

from digits_core.contracts.backend import parts, share


class Samples(NamedTuple):
    """Samples that pass through the network together, as a step sees them while it is traced.

    Attributes:
        images: uint8 ``[B, H, W, C]``.
        labels: int32 ``[B]``.
        weights: ``[B]``; 0 marks padding.
        rows: Row of each in the global batch, uint32 ``[B]``; None: in order from 0.
        real: 1 for a sample and 0 for what only fills a shape, float32 ``[B]``; None: there is no such filling.
        second: int32 ``[B]``; a second target. None: there is none.
        share: float32 ``[B]``; what the label has of the target, where there is a second one.
        importance: float32 ``[B]``; factor of each loss. None: 1.
    """

    images: jax.Array
    labels: jax.Array
    weights: jax.Array
    rows: jax.Array | None = None
    real: jax.Array | None = None
    second: jax.Array | None = None
    share: jax.Array | None = None
    importance: jax.Array | None = None


class RowPlan(NamedTuple):
    """Every process's rows in every part, filled up so that all have one shape.

    Attributes:
        local: Row within the process's share, int ``[process, part, row]``; where nothing is left, some row.
        rows: The same in the global batch, uint32.
        real: Where there is a row, bool.
    """

    local: npt.NDArray[np.intp]
    rows: npt.NDArray[np.uint32]
    real: npt.NDArray[np.bool_]

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return self.real.shape[1]


def row_plan(batch: int, processes: int = 1, accumulate: int = 1) -> RowPlan:
    """The plan of a global batch.

    Args:
        batch: Its size.
        processes: How many share it.
        accumulate: In how many parts each works through its share.
    """
    shares = [share(batch, index, processes) for index in range(processes)]
    cut = [parts(len(own), accumulate) for own in shares]
    size = max(part.stop - part.start for own in cut for part in own)
    local = np.zeros((processes, max(map(len, cut)), size), np.intp)
    real = np.zeros(local.shape, np.bool_)
    for index, own in enumerate(cut):
        for number, part in enumerate(own):
            local[index, number, : part.stop - part.start] = range(part.start, part.stop)
            real[index, number, : part.stop - part.start] = True
    first = np.array([own.start for own in shares])[:, None, None]
    return RowPlan(local, (first + local).astype(np.uint32), real)


def divide(plan: RowPlan, samples: Samples, axis: str | None = None) -> Samples:
    """The parts of a share, each array with the part in front; as they are where there is one part.

    Args:
        plan: The plan.
        samples: All rows of the share of the process that asks.
        axis: Name of the axis that processes lie along; None: there is one process.
    """

    def own(table: npt.NDArray[Any]) -> jax.Array:
        return jnp.asarray(table[0]) if axis is None else jnp.asarray(table)[lax.axis_index(axis)]

    if plan.parts == 1:
        rows = None if axis is None else own(plan.rows)[0]
        real = None if plan.real.all() else own(plan.real)[0].astype(jnp.float32)
        return samples._replace(rows=rows, real=real)
    taken = own(plan.local)
    cut = jax.tree.map(lambda array: array[taken], samples)
    real = own(plan.real).astype(jnp.float32)
    filled = None if plan.real.all() else real
    return cut._replace(weights=cut.weights * real, rows=own(plan.rows), real=filled)
