"""One pass forward, one backward, one update."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import HEAD_PREFIX, Arrays, Batch, BuildContext, Program, Scores, parts, score_names
from digits_core.contracts.claims import require_weights
from digits_core.contracts.solver_rules import rule_of
from digits_core.graph.graph import Graph, Layer, Loss
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import AVERAGE, SolverBase
from digits_numpy.arrays import DTYPES, Array, NumpyState, from_canonical, to_canonical
from digits_numpy.ops import OPS
from digits_numpy.ops.activations import log_softmax
from digits_numpy.ops.op import Backward, Mode, Weights
from digits_numpy.solvers import RULES, Rule, Turn, averaged, clip_factor


class NumpyProgram(Program):
    """The reference program.

    Args:
        graph: The network.
        solver: How weights are updated.
        options: Number format.
        context: Seed of dropout.
    """

    def __init__(self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext) -> None:
        self._graph, self._solver, self._seed = graph, solver, context.seed
        self._dtype, self._parts = DTYPES[options.precision], options.accumulate
        self._forwards = {layer.name: OPS[layer.op.kind](layer) for layer in graph.layers}
        self._names = score_names(graph)
        self._rule: Rule = rule_of(solver, "numpy", RULES)
        self._trained = graph.trained_through()
        self._scored = graph.needed_for([graph.output, *(loss.logits for loss in graph.losses)])

    def load(self, arrays: Arrays) -> NumpyState:
        """A state with copies of ``arrays``."""
        require_weights(self._graph, arrays)
        return from_canonical(arrays, self._graph, self._solver, self._dtype)

    def save(self, state: NumpyState) -> Arrays:
        """Copies of everything in ``state``."""
        return to_canonical(state)

    def place(self, batch: Batch) -> Batch:
        """The batch is where it is needed already."""
        return batch

    def train_step(self, state: NumpyState, batch: Batch, learning_rate: float, step: int) -> tuple[NumpyState, Scores]:
        """Forward and backward, part by part; update."""
        weights, samples = dict(state.weights), batch.weights.sum(dtype=self._dtype)
        gradients: Weights = {}
        scores: dict[str, float] = dict.fromkeys(self._names, 0.0)
        for rows in parts(len(batch.labels), self._parts):
            mode = Mode(training=True, seed=self._seed, step=step, first=rows.start)
            part = batch.part(rows)
            values, backwards = self._forward(self._scored, weights, part.images, mode)
            found, heads = self._score(values, part, samples)
            for name, gradient in self._backward(self._trained, backwards, heads).items():
                gradients[name] = gradients.get(name, 0) + gradient
            scores = {name: scores[name] + found[name] for name in self._names}
            weights |= mode.moved
        return self._update(state, weights, gradients, learning_rate, step), scores

    def evaluate_step(self, state: NumpyState, batch: Batch) -> Scores:
        """Forward and score."""
        values, _ = self._forward(self._scored, state.shown, batch.images, Mode())
        return self._score(values, batch, batch.weights.sum(dtype=self._dtype))[0]

    def predict(
        self, state: NumpyState, images: npt.NDArray[np.uint8], taps: Sequence[str] = ()
    ) -> dict[str, npt.NDArray[np.floating[Any]]]:
        """Forward, keeping what is asked for."""
        wanted = (self._graph.output, *taps)
        values, _ = self._forward(self._graph.needed_for(wanted), state.shown, images, Mode())
        return {name: values[name] for name in wanted}

    def gradients(
        self, state: NumpyState, images: npt.NDArray[np.uint8], classes: npt.NDArray[np.int32], taps: Sequence[str]
    ) -> dict[str, npt.NDArray[np.floating[Any]]]:
        """Forward, and backward from one logit of each picture."""
        layers = self._graph.needed_for([self._graph.output])
        values, backwards = self._forward(layers, state.shown, images, Mode())
        logit = np.zeros_like(values[self._graph.output])
        logit[np.arange(len(logit)), classes] = 1
        gradients = {self._graph.output: logit}
        self._backward(layers[1:], backwards, gradients)
        return {name: gradients[name] for name in taps}

    def close(self) -> None:
        """Nothing is held."""

    def _forward(
        self, layers: Sequence[Layer], weights: Weights, images: npt.NDArray[np.uint8], mode: Mode
    ) -> tuple[dict[str, Array], dict[str, Backward]]:
        pictures = images.transpose(0, 3, 1, 2).astype(self._dtype)
        values: dict[str, Array] = {}
        backwards: dict[str, Backward] = {}
        for layer in layers:
            inputs = [values[name] for name in layer.inputs] or [pictures]
            own = {name.removeprefix(f"{layer.name}/"): weights[name] for name in layer.parameters}
            values[layer.name], backwards[layer.name] = self._forwards[layer.name](inputs, own, mode)
        return values, backwards

    def _score(
        self, values: dict[str, Array], batch: Batch, samples: Array
    ) -> tuple[dict[str, float], dict[str, Array]]:
        """Sums over the rows, and their gradient of the loss divided by ``samples`` at every layer of logits."""
        weights = batch.weights.astype(self._dtype)
        factors = weights if batch.importance is None else weights * batch.importance.astype(self._dtype)
        total = 0.0
        heads: dict[str, float] = {}
        gradients: dict[str, Array] = {}
        for loss in self._graph.losses:
            logits = values[loss.logits]
            log_share, target = log_softmax(logits), _target(loss, logits, batch)
            found = float((factors * -(target * log_share).sum(1)).sum())
            total += loss.weight * found
            heads[f"{HEAD_PREFIX}{loss.logits}"] = heads.get(f"{HEAD_PREFIX}{loss.logits}", 0.0) + found
            gradient = (np.exp(log_share) - target) * (loss.weight * factors / samples)[:, None]
            gradients[loss.logits] = gradients.get(loss.logits, 0) + gradient
        rank = _rank(values[self._graph.output], batch.labels)
        scores = {
            "loss": total,
            "correct": float((weights * (rank < 1)).sum()),
            "top5": float((weights * (rank < 5)).sum()),
            "samples": float(weights.sum()),
            **heads,
        }
        return {name: scores[name] for name in self._names}, gradients

    def _backward(
        self, layers: Sequence[Layer], backwards: dict[str, Backward], gradients: dict[str, Array]
    ) -> Weights:
        """Gradients of the weights of ``layers`` by canonical name; fills ``gradients``, which has the logits'."""
        found: Weights = {}
        for layer in reversed(layers):
            inputs, weights = backwards[layer.name](gradients[layer.name])
            if not layer.frozen:
                found.update({f"{layer.name}/{name}": gradient for name, gradient in weights.items()})
            for name, gradient in zip(layer.inputs, inputs, strict=False):
                gradients[name] = gradients[name] + gradient if name in gradients else gradient
        return found

    def _update(
        self, state: NumpyState, weights: Weights, gradients: Weights, learning_rate: float, step: int
    ) -> NumpyState:
        solver, slots = self._solver, dict(state.slots)
        factor = clip_factor(gradients, solver.clip)
        for name, old in state.slots.items():
            parameter, w = self._graph.parameters[name], weights[name]
            decay = solver.weight_decay * parameter.decay_multiplier
            gradient = factor * gradients.get(name, np.zeros_like(w))
            update, slots[name] = self._rule(solver, Turn(w, gradient, decay, parameter.kernel, step + 1), old)
            weights[name] = w - learning_rate * parameter.rate_multiplier * update
            if solver.average is not None:
                slots[name] |= {AVERAGE: averaged(old[AVERAGE], weights[name], solver.average, step)}
        return NumpyState(weights, slots)


def _target(loss: Loss, logits: Array, batch: Batch) -> Array:
    """What softmax should give: the label's share, the second label's, and what smoothing spreads over all classes."""
    target = np.full_like(logits, loss.label_smoothing / logits.shape[1])
    rows, whole = np.arange(len(target)), 1 - loss.label_smoothing
    if batch.second is None or batch.share is None:
        target[rows, batch.labels] += whole
    else:
        share = batch.share.astype(target.dtype)
        target[rows, batch.labels] += whole * share
        target[rows, batch.second] += whole * (1 - share)
    return target


def _rank(logits: Array, labels: npt.NDArray[Any]) -> Array:
    """How many classes come before the label; among equal logits the lower class comes first."""
    own = logits[np.arange(len(logits)), labels][:, None]
    earlier = np.arange(logits.shape[1])[None, :] < labels[:, None]
    return ((logits > own) | ((logits == own) & earlier)).sum(1)
