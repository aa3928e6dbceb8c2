"""One training step as a pure function: parts of a batch, a sum over processes, an update."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy.typing as npt
from jax import lax

from digits_core.contracts.backend import BuildContext
from digits_core.spec.solver import SolverBase
from digits_jax.arrays import JaxState, Weights
from digits_jax.network import Network
from digits_jax.ops.op import Mode
from digits_jax.precision import chosen
from digits_jax.rows import Samples, divide, row_plan
from digits_jax.scores import score
from digits_jax.solvers import updater
from digits_jax.team import AXIS, sum_over_team

Scores: TypeAlias = dict[str, jax.Array]
#: Gradients, scores, and weights that are not trained, moved.
Found: TypeAlias = tuple[Weights, Scores, Weights]


@dataclass(frozen=True, slots=True)
class Trainer:
    """Makes steps.

    Attributes:
        network: What is trained.
        solver: How weights are updated.
        mode: How a pass runs, but for the step.
        accumulate: Parts that a share of a batch is worked through in.
        context: The global batch, and this process's share of it.
    """

    network: Network
    solver: SolverBase
    mode: Mode
    accumulate: int
    context: BuildContext

    def step_function(self) -> Callable[..., tuple[JaxState, Scores]]:
        """The function ``(state, batch, learning rate, step) → (state, scores)``, to be traced.

        In a team it sees what is this process's own, and scores are ``[1]``, so that they can be shards.
        """
        update = updater(self.solver, self.network.graph.parameters)

        def train(state: JaxState, batch: Samples, rate: npt.ArrayLike, step: npt.ArrayLike) -> tuple[JaxState, Scores]:
            rate, step = jnp.asarray(rate), jnp.asarray(step)
            trainable, fixed = self._split(state.weights)
            factor = state.scale.factor if state.scale else None
            gradients, scores, moved = self._gradients(trainable, fixed, batch, step, factor)
            if self._axis:
                gradients, scores = sum_over_team(gradients), {name: value[None] for name, value in scores.items()}
            if state.scale is None:
                trainable, slots = update(trainable, gradients, state.slots, rate, step)
                return JaxState(moved | trainable, slots), scores
            gradients, finite, scale = state.scale.unscaled(gradients)
            trainable, slots = update(trainable, gradients, state.slots, rate, step)
            # A step out of range is left out as a whole.
            kept = chosen(finite, (moved | trainable, slots), (state.weights, state.slots))
            return JaxState(*kept, scale), scores

        return train

    @property
    def _axis(self) -> str | None:
        return AXIS if self.context.process_count > 1 else None

    def _split(self, weights: Weights) -> tuple[Weights, Weights]:
        parameters = self.network.graph.parameters
        trainable = {name: weights[name] for name, parameter in parameters.items() if parameter.trainable}
        return trainable, {name: weights[name] for name in weights if name not in trainable}

    def _gradients(
        self, trainable: Weights, fixed: Weights, batch: Samples, step: jax.Array, factor: npt.ArrayLike | None
    ) -> Found:
        """Those of the whole share, of the loss per sample of the global batch, by ``factor`` where it is scaled."""
        axis, count = self._axis, self.context.process_count
        plan = row_plan(self.context.batch if axis else len(batch.labels), count, self.accumulate)
        size = self.context.batch if axis else jnp.sum(batch.weights.astype(next(iter(trainable.values())).dtype))
        size = size if factor is None else size / factor
        samples = divide(plan, batch, axis)

        def part(fixed: Weights, samples: Samples) -> Found:
            return self._part_gradients(trainable, fixed, samples, step, size)

        if plan.parts == 1:
            return part(fixed, samples)

        def add(found: Found, samples: Samples) -> tuple[Found, None]:
            gradients, scores, fixed = part(found[2], samples)
            return (*jax.tree.map(jnp.add, found[:2], (gradients, scores)), fixed), None

        # Traced once, however many parts there are, and no two of them are in memory together.
        nothing = jax.tree.map(jnp.zeros_like, jax.eval_shape(part, fixed, jax.tree.map(lambda x: x[0], samples))[:2])
        return lax.scan(add, (*nothing, fixed), samples)[0]

    def _part_gradients(
        self, trainable: Weights, fixed: Weights, samples: Samples, step: jax.Array, size: int | jax.Array
    ) -> Found:
        mode = replace(self.mode, step=step, rows=samples.rows, real=samples.real, axis=self._axis, moved={})

        def objective(trainable: Weights) -> tuple[jax.Array, tuple[Scores, Weights]]:
            values = self.network.activations(fixed | trainable, samples.images, self.network.heads, mode)
            scores = score(self.network.graph, values, samples)
            return scores["loss"] / size, (scores, mode.moved)

        gradients, (scores, moved) = jax.grad(objective, has_aux=True)(trainable)
        return gradients, scores, fixed | moved
