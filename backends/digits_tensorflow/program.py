"""One compiled function per state for a training step, one for an evaluation step, one per set of taps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Arrays, Batch, BuildContext, Program, Scores, parts, score_names
from digits_core.graph.graph import Graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase
from digits_tensorflow.arrays import DTYPES, activation_to_canonical, slots_from_canonical, to_canonical
from digits_tensorflow.devices import native_name
from digits_tensorflow.framework import tf
from digits_tensorflow.network import Network
from digits_tensorflow.ops.op import Pass
from digits_tensorflow.precision import LossScale
from digits_tensorflow.scores import Samples, Tensors, score
from digits_tensorflow.step import Sums, Trained, TrainingStep, heads
from digits_tensorflow.team import Team


class TensorFlowState:
    """Variables, and the functions that were traced with them.

    A function captures its variables, which costs less per step than passing them.

    Args:
        trained: The variables.
        step: Makes of them a training step.
        evaluate: Makes of variables an evaluation step.
    """

    def __init__(self, trained: Trained, step: TrainingStep, evaluate: Any) -> None:
        self.trained, self.network = trained, trained.network
        self.train = tf.function(partial(step.whole, trained), jit_compile=step.compile_whole)
        self.part = tf.function(partial(step.part, trained), jit_compile=step.compile_part)
        self.update = tf.function(partial(step.update, trained), jit_compile=step.compile_whole)
        self.evaluate = tf.function(
            partial(evaluate, trained), jit_compile=step.compile_evaluation, reduce_retracing=True
        )
        self.predict: dict[tuple[str, ...], Any] = {}

    def zeros(self) -> Sums:
        """What sums over parts start with."""
        weights = {name: self.network.weights[name] for name in self.trained.slots}
        zero = tf.zeros([], next(iter(weights.values())).dtype)
        return dict.fromkeys(score_names(self.network.graph), zero), {
            name: tf.zeros_like(weight) for name, weight in weights.items()
        }


class TensorFlowProgram(Program):
    """A program for one device.

    A step is one function; in parts it is one for a part, which is called once for each, and one for the update.

    Args:
        graph: The network.
        solver: How weights are updated.
        options: Number format, parts, and what XLA compiles: nothing (``off``), every step (``on``), or what it makes
            faster (``auto``). On processors that is an update of the weights without a kernel of its own, as Adam's:
            TensorFlow's kernels for forward and backward are about twice as fast as XLA's. What processes do together
            is never compiled: the sum of gradients, and forward and backward of networks with batch norm.
        context: The device, the seed of dropout, and the other processes.

    Raises:
        CapabilityMissing: If processes shall train together and TensorFlow has computed something in this one already.
    """

    def __init__(self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext) -> None:
        tf.config.experimental.enable_tensor_float_32_execution(options.tf32)
        self._graph, self._solver = graph, solver
        self._precision, self._dtype = options.precision, DTYPES[options.precision]
        self._device, self._heads = native_name(context.device), heads(graph)
        self._team = Team(context) if context.process_count > 1 else None
        self._step = TrainingStep(graph, solver, options, context, self._team)
        self.compilation = self._step.compilation
        # As many parts in every process, because batch norm meets in each of them.
        self._parts = (
            min(options.accumulate, context.batch // context.process_count) if self._team else options.accumulate
        )

    def load(self, arrays: Arrays) -> TensorFlowState:
        """New variables with copies of ``arrays``; steps are traced when first used."""
        with tf.device(self._device):
            network = Network(self._graph, arrays, self._precision)
            slots = slots_from_canonical(self._graph, arrays, self._solver.kept, self._dtype)
            trained = Trained(network, slots, LossScale() if self._precision == "fp16" else None)
        return TensorFlowState(trained, self._step, self._evaluate)

    def save(self, state: TensorFlowState) -> Arrays:
        """Copies of every variable."""
        return to_canonical(self._graph, dict(state.network.weights), state.trained.slots)

    def place(self, batch: Batch) -> Samples:
        """Copies on the device."""
        with tf.device(self._device):
            return Samples(
                tf.constant(batch.images),
                tf.constant(batch.labels, tf.int32),
                tf.constant(batch.weights, self._dtype),
                None if batch.second is None else tf.constant(batch.second, tf.int32),
                None if batch.share is None else tf.constant(batch.share, self._dtype),
                None if batch.importance is None else tf.constant(batch.importance, self._dtype),
            )

    def train_step(
        self, state: TensorFlowState, batch: Samples, learning_rate: float, step: int
    ) -> tuple[TensorFlowState, Scores]:
        """Update the variables of ``state`` in place."""
        with tf.device(self._device):
            # TensorFlow keeps a tensor of every Python number it has ever seen, but not of arrays.
            rate, done = np.asarray(learning_rate, self._dtype.as_numpy_dtype), np.asarray(step, np.int64)
            if self._parts == 1:
                return state, state.train(batch, tf.constant(rate), tf.constant(done))
            return state, self._train_in_parts(state, batch, tf.constant(rate), tf.constant(done))

    def _train_in_parts(self, state: TensorFlowState, batch: Samples, rate: tf.Tensor, step: tf.Tensor) -> Scores:
        sums, samples = state.zeros(), tf.reduce_sum(batch.weights)
        for rows in parts(len(batch.labels), self._parts):
            start = tf.constant(np.asarray(rows.start, np.int32))
            sums = state.part(sums, batch.part(rows), step, start, samples)
        scores, gradients = sums
        state.update(gradients, rate, step)
        return scores

    def evaluate_step(self, state: TensorFlowState, batch: Samples) -> Scores:
        """Forward and score."""
        with tf.device(self._device):
            return state.evaluate(batch)

    def predict(
        self, state: TensorFlowState, images: npt.NDArray[np.uint8], taps: Sequence[str] = ()
    ) -> dict[str, npt.NDArray[np.floating[Any]]]:
        """Forward, traced once for any number of pictures."""
        wanted = tuple(dict.fromkeys((self._graph.output, *taps)))
        if wanted not in state.predict:
            channels, height, width = self._graph.input.output()
            signature = [tf.TensorSpec([None, height, width, channels], tf.uint8)]
            traced = partial(_activations, state.trained, wanted, self._dtype)
            state.predict[wanted] = tf.function(traced, input_signature=signature)
        with tf.device(self._device):
            found = state.predict[wanted](tf.constant(images, tf.uint8))
        return {name: activation_to_canonical(value) for name, value in zip(wanted, found, strict=True)}

    def gradients(
        self,
        state: TensorFlowState,
        images: npt.NDArray[np.uint8],
        classes: npt.NDArray[np.int32],
        taps: Sequence[str],
    ) -> dict[str, npt.NDArray[np.floating[Any]]]:
        """Forward, and back along a tape from one logit of each picture, one operation at a time."""
        output = self._graph.output
        with tf.device(self._device), tf.GradientTape() as tape:
            pictures = tf.constant(images, self._dtype)
            tape.watch(pictures)
            values = state.network.forward(pictures, [output, *taps], Pass(state.trained.shown))
            logits = tf.cast(values[output], self._dtype)
            chosen = tf.reduce_sum(tf.gather(logits, tf.constant(classes, tf.int32), axis=1, batch_dims=1))
            found = tape.gradient(chosen, [values[name] for name in taps])
        return {
            name: activation_to_canonical(tf.cast(value, self._dtype)) for name, value in zip(taps, found, strict=True)
        }

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Summed on the processors of all processes."""
        return self._team.total(values) if self._team else values

    def close(self) -> None:
        """Variables and functions go with the states that hold them, the connections of a team with the process."""

    def _evaluate(self, trained: Trained, batch: Samples) -> Tensors:
        return score(self._graph, trained.network.forward(batch.images, self._heads, Pass(trained.shown)), batch)


def _activations(trained: Trained, wanted: Sequence[str], dtype: tf.DType, images: tf.Tensor) -> list[tf.Tensor]:
    values = trained.network.forward(images, wanted, Pass(trained.shown))
    return [tf.cast(values[name], dtype) for name in wanted]
