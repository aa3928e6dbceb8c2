"""A program that trains in step with other processes and does everything else by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeAlias

import jax
import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Arrays, Batch, BuildContext, Program
from digits_core.graph.graph import Graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase
from digits_jax.arrays import JaxState
from digits_jax.program import JaxProgram, Scores
from digits_jax.rows import Samples
from digits_jax.team import REPLICATED, SHARDED, OwnScore, join, own_shard

OwnScores: TypeAlias = dict[str, OwnScore]


class TeamProgram(Program):
    """One process's part of a program that several run together; its training step is always compiled.

    A state is made of arrays of the whole team that every process has alike; a batch lies here until a step makes it a
    shard of the global one.

    Args:
        graph: The network.
        solver: How weights are updated.
        options: Number format, and parts of this process's share of a batch.
        context: The device, the seed of dropout, and the processes that train together.
    """

    def __init__(self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext) -> None:
        self._team = join(context)
        self._alone = JaxProgram(graph, solver, options, context, self._team.device)
        self.compilation = "Steps are compiled by XLA: several processes can train together only so."
        self._rows = len(context.rows)
        #: Rows of the largest share, to which the others are filled up.
        self._shape = -(-context.batch // context.process_count)
        self._train = self._team.over_all(
            self._alone.train,
            (REPLICATED, SHARDED, REPLICATED, REPLICATED),
            (REPLICATED, SHARDED),
            donated=(0,),
            compiler_options=self._alone.compiler_options,
        )
        self._latest: dict[str, jax.Array] = {}

    def load(self, arrays: Arrays) -> JaxState:
        """A state on the device with copies of ``arrays``."""
        return self._team.replicated(self._alone.load(arrays))

    def save(self, state: JaxState) -> Arrays:
        """Copies of everything in ``state``; waits for the device."""
        return self._alone.save(own_shard(state))

    def place(self, batch: Batch) -> Samples:
        """Copies on the device; a share that is smaller than others is filled up with rows of weight 0."""
        return self._alone.place(_filled(batch, self._shape) if len(batch.labels) == self._rows else batch)

    def train_step(
        self, state: JaxState, batch: Samples, learning_rate: float, step: int
    ) -> tuple[JaxState, OwnScores]:
        """Forward and backward here, one exchange of gradients, and the same update everywhere."""
        with self._alone.number_format():
            shards = self._team.sharded(batch)
            state, self._latest = self._train(state, shards, *self._alone.scalars(learning_rate, step))
        return state, {name: OwnScore(value) for name, value in self._latest.items()}

    def evaluate_step(self, state: JaxState, batch: Samples) -> Scores:
        """Forward and score, here only."""
        return self._alone.evaluate_step(_weights_of(state), batch)

    def predict(
        self, state: JaxState, images: npt.NDArray[np.uint8], taps: Sequence[str] = ()
    ) -> dict[str, npt.NDArray[np.floating[Any]]]:
        """Forward, here only."""
        return self._alone.predict(_weights_of(state), images, taps)

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The sum of ``values`` over all processes."""
        # Exchanges must come in the same order everywhere; XLA may run two functions at once that do not depend on
        # each other.
        jax.block_until_ready(self._latest)
        return self._team.total(values)

    def close(self) -> None:
        """Forget what was compiled, and leave the others when all have finished."""
        self._alone.close()
        self._latest = {}
        self._team.leave()


def _filled(batch: Batch, rows: int) -> Batch:
    missing = rows - len(batch.labels)
    if not missing:
        return batch
    arrays = (getattr(batch, field.name) for field in fields(batch))
    return Batch(*(None if array is None else _padded(array, missing) for array in arrays))


def _padded(array: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    return np.pad(array, [(0, rows), *[(0, 0)] * (array.ndim - 1)])


def _weights_of(state: JaxState) -> JaxState:
    return JaxState(own_shard(state.shown), {})
