"""One compiled function per state for a training step, one for an evaluation step, one per set of taps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Arrays, Batch, BuildContext, Program, Scores
from digits_core.graph.graph import Graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase
from digits_tensorflow.arrays import DTYPES, Slots, activation_to_canonical, slots_from_canonical, to_canonical
from digits_tensorflow.devices import native_name
from digits_tensorflow.framework import tf
from digits_tensorflow.network import Network
from digits_tensorflow.ops import Pass
from digits_tensorflow.solvers import RULES, UNFUSED

#: Pictures, labels and sample weights on the device.
Placed: TypeAlias = tuple[tf.Tensor, tf.Tensor, tf.Tensor]
Tensors: TypeAlias = dict[str, tf.Tensor]


class TensorFlowState:
    """Variables, and the functions that were traced with them.

    A function captures its variables, which costs less per step than passing them.

    Args:
        network: The weights.
        slots: Variables of the solver by weight and slot.
        train: Makes of this state a training step.
        evaluate: Makes of this state an evaluation step.
        compile: Whether XLA compiles both whole.
    """

    def __init__(
        self,
        network: Network,
        slots: Slots,
        train: Callable[..., Tensors],
        evaluate: Callable[..., Tensors],
        compile: bool,
    ) -> None:
        self.network, self.slots = network, slots
        self.train = tf.function(partial(train, network, slots), jit_compile=compile)
        self.evaluate = tf.function(partial(evaluate, network), jit_compile=compile, reduce_retracing=True)
        self.predict: dict[tuple[str, ...], Any] = {}


class TensorFlowProgram(Program):
    """A program for one device.

    Args:
        graph: The network.
        solver: How weights are updated.
        options: Number format, and what XLA compiles: nothing (``off``), every step (``on``), or what it makes faster
            (``auto``). On processors that is an update of the weights without a kernel of its own, as Adam's:
            TensorFlow's kernels for forward and backward are about twice as fast as XLA's.
        context: The device, and the seed of dropout.
    """

    def __init__(self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext) -> None:
        device = context.devices[0]
        self._graph, self._solver, self._seed = graph, solver, context.seed
        self._precision, self._dtype = options.precision, DTYPES[options.precision]
        self._compile = options.compile == "on" or (options.compile == "auto" and device.kind == "gpu")
        self._compile_update = self._compile or (options.compile == "auto" and solver.name in UNFUSED)
        self._device = native_name(device)
        self._heads = tuple(dict.fromkeys((graph.output, *(loss.logits for loss in graph.losses))))

    def load(self, arrays: Arrays) -> TensorFlowState:
        """New variables with copies of ``arrays``; steps are traced when first used."""
        with tf.device(self._device):
            network = Network(self._graph, arrays, self._precision)
            slots = slots_from_canonical(self._graph, arrays, type(self._solver).slots, self._dtype)
        return TensorFlowState(network, slots, self._train, self._evaluate, self._compile)

    def save(self, state: TensorFlowState) -> Arrays:
        """Copies of every variable."""
        return to_canonical(self._graph, dict(state.network.weights), state.slots)

    def place(self, batch: Batch) -> Placed:
        """Copies on the device."""
        with tf.device(self._device):
            return (
                tf.constant(batch.images),
                tf.constant(batch.labels, tf.int32),
                tf.constant(batch.weights, self._dtype),
            )

    def train_step(
        self, state: TensorFlowState, batch: Placed, learning_rate: float, step: int
    ) -> tuple[TensorFlowState, Scores]:
        """Update the variables of ``state`` in place."""
        with tf.device(self._device):
            # TensorFlow keeps a tensor of every Python number it has ever seen, but not of arrays.
            rate, done = np.asarray(learning_rate, self._dtype.as_numpy_dtype), np.asarray(step, np.int64)
            return state, state.train(*batch, tf.constant(rate), tf.constant(done))

    def evaluate_step(self, state: TensorFlowState, batch: Placed) -> Scores:
        """Forward and score."""
        with tf.device(self._device):
            return state.evaluate(*batch)

    def predict(
        self, state: TensorFlowState, images: npt.NDArray[np.uint8], taps: Sequence[str] = ()
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Forward, traced once for any number of pictures."""
        wanted = tuple(dict.fromkeys((self._graph.output, *taps)))
        if wanted not in state.predict:
            channels, height, width = self._graph.input.output()
            signature = [tf.TensorSpec([None, height, width, channels], tf.uint8)]
            state.predict[wanted] = tf.function(partial(_activations, state.network, wanted), input_signature=signature)
        with tf.device(self._device):
            found = state.predict[wanted](tf.constant(images, tf.uint8))
        return {name: activation_to_canonical(value) for name, value in zip(wanted, found, strict=True)}

    def close(self) -> None:
        """Variables and functions go with the states that hold them."""

    def _train(
        self,
        network: Network,
        slots: Slots,
        images: tf.Tensor,
        labels: tf.Tensor,
        weights: tf.Tensor,
        learning_rate: tf.Tensor,
        step: tf.Tensor,
    ) -> Tensors:
        run = Pass({name: tf.identity(weight) for name, weight in network.weights.items()}, True, self._seed, step)
        trained = {name: run.weights[name] for name in slots}
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trained)
            scores = score(self._graph, network.forward(images, self._heads, run), labels, weights)
            loss = scores["loss"] / scores["samples"]
        gradients = tape.gradient(loss, trained, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        update = tf.function(partial(self._update, network, slots), jit_compile=self._compile_update)
        update(gradients, learning_rate, step)
        for name, value in run.moved.items():
            network.weights[name].assign(value)
        return scores

    def _update(
        self, network: Network, slots: Slots, gradients: Tensors, learning_rate: tf.Tensor, step: tf.Tensor
    ) -> None:
        rule = RULES[self._solver.name]
        for name, gradient in gradients.items():
            parameter, weight = self._graph.parameters[name], network.weights[name]
            decay = self._solver.weight_decay * parameter.decay_multiplier
            g = gradient + decay * weight if decay else gradient
            rule(self._solver, weight, slots[name], g, learning_rate * parameter.rate_multiplier, step)

    def _evaluate(self, network: Network, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> Tensors:
        return score(self._graph, network.forward(images, self._heads, Pass(dict(network.weights))), labels, weights)


def score(graph: Graph, values: Tensors, labels: tf.Tensor, weights: tf.Tensor) -> Tensors:
    """Sums over the batch, see `digits_core.contracts.backend.SCORE_NAMES`.

    Args:
        graph: Its losses and output.
        values: Activations of its layers.
        labels: int32 ``[B]``.
        weights: ``[B]``.
    """
    total = tf.zeros([], weights.dtype)
    for loss in graph.losses:
        logits = values[loss.logits]
        share = loss.label_smoothing / logits.shape[1]
        target = tf.one_hot(labels, logits.shape[1], 1 - loss.label_smoothing + share, share, dtype=logits.dtype)
        total += loss.weight * tf.reduce_sum(weights * tf.nn.softmax_cross_entropy_with_logits(target, logits))
    rank = _rank(values[graph.output], labels)
    hits = {
        name: tf.reduce_sum(tf.where(rank < most, weights, tf.zeros_like(weights)))
        for name, most in (("correct", 1), ("top5", min(5, graph.classes)))
    }
    return {"loss": total, **hits, "samples": tf.reduce_sum(weights)}


def _rank(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """How many classes come before the label; among equal logits the lower class comes first."""
    own = tf.gather(logits, labels, axis=1, batch_dims=1)[:, None]
    earlier = tf.range(logits.shape[1])[None, :] < labels[:, None]
    before = (logits > own) | ((logits == own) & earlier)
    return tf.reduce_sum(tf.cast(before, tf.int32), axis=1)


def _activations(network: Network, wanted: Sequence[str], images: tf.Tensor) -> list[tf.Tensor]:
    values = network.forward(images, wanted, Pass(dict(network.weights)))
    return [tf.cast(values[name], tf.float32) for name in wanted]
