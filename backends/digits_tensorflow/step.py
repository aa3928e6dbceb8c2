"""What a training step computes: forward, backward, the sum over processes, the update; each is traced by a program."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from digits_core.contracts.backend import BuildContext
from digits_core.contracts.solver_rules import rule_of
from digits_core.graph.graph import Graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import AVERAGE, SolverBase
from digits_tensorflow.arrays import Slots, Variables
from digits_tensorflow.framework import tf
from digits_tensorflow.network import Network
from digits_tensorflow.ops.op import Pass
from digits_tensorflow.precision import LossScale
from digits_tensorflow.scores import Samples, Tensors, score
from digits_tensorflow.solvers import FUSED, RULES, Rule, Turn, move_average
from digits_tensorflow.team import Gathering, Team, new_key

#: Scores and gradients.
Sums: TypeAlias = tuple[Tensors, Tensors]


@dataclass(frozen=True, slots=True)
class Trained:
    """The variables that a step changes.

    Attributes:
        network: The weights.
        slots: Variables of the solver by weight and slot, averages among them.
        scale: What keeps gradients of fp16 in range.
    """

    network: Network
    slots: Slots
    scale: LossScale | None = None

    @property
    def shown(self) -> Variables:
        """The weights to evaluate with: averages where there are any."""
        return {name: self.slots.get(name, {}).get(AVERAGE, weight) for name, weight in self.network.weights.items()}


class TrainingStep:
    """Forward, backward and update of any state of a program.

    Args:
        graph: The network.
        solver: How weights are updated.
        options: What XLA compiles.
        context: The device, the seed of dropout, the batch.
        team: The processes that train together.
    """

    def __init__(
        self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext, team: Team | None
    ) -> None:
        self._graph, self._solver, self._seed, self._team = graph, solver, context.seed, team
        self._first, self._batch = context.rows.start, context.batch
        self._heads = heads(graph)
        self._rule: Rule = rule_of(solver, "tensorflow", RULES)
        self._compile = options.compile == "on" or (options.compile == "auto" and context.device.kind == "gpu")
        plain = solver.average is not None or (solver.name in RULES and solver.name not in FUSED)
        self._compile_update = self._compile or (options.compile == "auto" and plain)
        self._key = new_key() if team else 0
        norms = [layer.name for layer in graph.layers if layer.op.kind == "batch_norm" and not layer.frozen]
        self._gatherings = {name: Gathering(team, new_key(), new_key()) for name in norms} if team else {}
        self.compilation = _explain(options, context, update=self._compile_update)
        #: Whether XLA can compile a whole step, and forward and backward: it cannot what processes do together.
        self.compile_evaluation = self._compile
        self.compile_whole = self._compile and not team
        self.compile_part = self._compile and not self._gatherings

    def whole(self, trained: Trained, batch: Samples, learning_rate: tf.Tensor, step: tf.Tensor) -> Tensors:
        """One step over this process's rows, and their scores."""
        differentiate: Any = partial(self._differentiate, trained, first=self._first)
        if self._team:  # otherwise XLA compiles all of this, or nothing
            differentiate = tf.function(differentiate, jit_compile=self.compile_part)
        scores, gradients, moved = differentiate(batch, step)
        self.update(trained, gradients, learning_rate, step)
        _move(trained, moved)
        return scores

    def part(
        self, trained: Trained, sums: Sums, batch: Samples, step: tf.Tensor, start: tf.Tensor, samples: tf.Tensor
    ) -> Sums:
        """Forward and backward of the rows from ``start`` on; ``sums`` with what they add.

        Args:
            trained: The weights; running statistics move.
            sums: Of the parts before.
            batch: Those rows.
            step: Steps done so far.
            start: Row of this process's share that the first picture is.
            samples: Weight of the share, which the loss is divided by.
        """
        found = self._differentiate(trained, batch, step, first=self._first + start, samples=samples)
        scores, gradients, moved = found
        _move(trained, moved)
        return _added(sums[0], scores), _added(sums[1], gradients)

    def update(self, trained: Trained, gradients: Tensors, learning_rate: tf.Tensor, step: tf.Tensor) -> None:
        """One update by this process's gradients, summed over all processes."""
        if self._team:
            gradients = _joined(partial(self._team.sum, key=self._key), gradients)
        apply = tf.function(partial(self._apply, trained), jit_compile=self._compile_update)
        if trained.scale is None:
            apply(self._clipped(gradients), learning_rate, step)
            return
        gradients, usable = trained.scale.unscaled(gradients)
        tf.cond(usable, lambda: apply(self._clipped(gradients), learning_rate, step) or tf.no_op(), tf.no_op)

    def _differentiate(
        self,
        trained: Trained,
        batch: Samples,
        step: tf.Tensor,
        first: tf.Tensor | int,
        samples: tf.Tensor | None = None,
    ) -> tuple[Tensors, Tensors, Tensors]:
        """Scores, gradients, and moved running statistics."""
        network = trained.network
        run = Pass(network.readings(), True, self._seed, step, first, self._gatherings)
        sought = {name: run.weights[name] for name in trained.slots}
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(sought)
            scores = score(self._graph, network.forward(batch.images, self._heads, run), batch)
            loss = scores["loss"] / self._divisor(scores["samples"] if samples is None else samples)
            if trained.scale is not None:
                loss *= trained.scale.factor
        gradients = tape.gradient(loss, sought, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return scores, gradients, run.moved

    def _divisor(self, samples: tf.Tensor) -> tf.Tensor:
        return tf.constant(self._batch, samples.dtype) if self._team else samples

    def _clipped(self, gradients: Tensors) -> Tensors:
        """``g·min(1, clip/‖g‖)`` with the norm over all weights together."""
        most = self._solver.clip
        if most is None:
            return gradients
        factor = most / tf.maximum(tf.linalg.global_norm(list(gradients.values())), most)
        return {name: gradient * factor for name, gradient in gradients.items()}

    def _apply(self, trained: Trained, gradients: Tensors, learning_rate: tf.Tensor, step: tf.Tensor) -> None:
        solver = self._solver
        for name, gradient in gradients.items():
            parameter, weight, slots = self._graph.parameters[name], trained.network.weights[name], trained.slots[name]
            decay = solver.weight_decay * parameter.decay_multiplier
            rate = learning_rate * parameter.rate_multiplier
            self._rule(solver, Turn(weight, slots, gradient, decay, parameter.kernel, rate, step))
            if solver.average is not None:
                move_average(slots[AVERAGE], weight, solver.average, step)


def heads(graph: Graph) -> tuple[str, ...]:
    """Layers that scores are made of."""
    return tuple(dict.fromkeys((graph.output, *(loss.logits for loss in graph.losses))))


def _explain(options: BackendOptions, context: BuildContext, *, update: bool) -> str:
    """What XLA compiles, and why."""
    if options.compile != "auto":
        return f"Compiling is {options.compile}, as asked."
    if context.device.kind == "gpu":
        return "Steps are compiled by XLA, which is faster on GPUs."
    why = "on processors TensorFlow's own kernels are faster than XLA's."
    if update:
        return f"Only the update of the weights is compiled, which has no kernel of its own: {why}"
    return f"Steps are not compiled: {why}"


def _move(trained: Trained, moved: Tensors) -> None:
    for name, value in moved.items():
        variable = trained.network.weights[name]
        if trained.scale is not None:  # a pass that left the range is forgotten
            value = tf.where(tf.math.is_finite(value), value, variable)
        variable.assign(value)


def _added(sums: Tensors, terms: Tensors) -> Tensors:
    return {name: value + terms[name] for name, value in sums.items()}


def _joined(reduce: partial[tf.Tensor], tensors: Tensors) -> Tensors:
    """``reduce`` of all tensors at once, as one long vector: an exchange takes longer than its bytes do."""
    long = reduce(tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors.values()], 0))
    pieces = tf.split(long, [tensor.shape.num_elements() for tensor in tensors.values()])
    return {name: tf.reshape(piece, tensors[name].shape) for name, piece in zip(tensors, pieces, strict=True)}
