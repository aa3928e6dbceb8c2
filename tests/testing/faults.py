"""Backends with one planted fault each; all else is the reference."""

import dataclasses
import itertools

import numpy as np

from digits_core.contracts.backend import Program
from digits_core.graph.graph import Graph, LayerSpec
from digits_core.graph.tuning import UNTUNED
from digits_numpy import solvers
from digits_numpy.backend import NumpyBackend
from digits_numpy.ops import OPS
from digits_numpy.program import NumpyProgram
from tests.testing.op_faults import OP_FAULTS


class Wrapped(Program):
    """Passes everything on; a fault replaces one method."""

    def __init__(self, graph, solver, options, context):
        self.inner = NumpyProgram(graph, solver, options, context)
        self.graph, self.solver = graph, solver

    def load(self, arrays):
        return self.inner.load(arrays)

    def save(self, state):
        return self.inner.save(state)

    def place(self, batch):
        return self.inner.place(batch)

    def train_step(self, state, batch, learning_rate, step):
        return self.inner.train_step(state, batch, learning_rate, step)

    def evaluate_step(self, state, batch):
        return self.inner.evaluate_step(state, batch)

    def predict(self, state, images, taps=()):
        return self.inner.predict(state, images, taps)

    def gradients(self, state, images, classes, taps):
        return self.inner.gradients(state, images, classes, taps)

    def close(self):
        self.inner.close()


class ForgottenSlot(Wrapped):
    def load(self, arrays):
        return super().load({name: array for name, array in arrays.items() if "velocity" not in name})


class UnsavedSlot(Wrapped):
    def save(self, state):
        return {name: array for name, array in super().save(state).items() if "second_moment" not in name}


class LeakingSeed(Wrapped):
    calls = itertools.count()

    def train_step(self, state, batch, learning_rate, step):
        return super().train_step(state, batch, learning_rate, next(self.calls))


class EvaluationMovesStatistics(Wrapped):
    def evaluate_step(self, state, batch):
        moved, scores = self.inner.train_step(state, batch, 0.0, 0)
        state.weights.update(moved.weights)
        return scores


class PaddingCounts(Wrapped):
    def evaluate_step(self, state, batch):
        return super().evaluate_step(state, dataclasses.replace(batch, weights=np.ones_like(batch.weights)))


class MeanInsteadOfSum(Wrapped):
    def evaluate_step(self, state, batch):
        scores = super().evaluate_step(state, batch)
        return {**scores, "loss": scores["loss"] / scores["samples"]}


class WeightedHeads(Wrapped):
    def train_step(self, state, batch, learning_rate, step):
        state, scores = super().train_step(state, batch, learning_rate, step)
        weights = {f"loss/{loss.logits}": loss.weight for loss in self.graph.losses}
        return state, {name: score * weights.get(name, 1) for name, score in scores.items()}


class ImportanceNormalised(Wrapped):
    """Divides by the importance of the batch instead of by its pictures."""

    def train_step(self, state, batch, learning_rate, step):
        if batch.importance is not None:
            batch = dataclasses.replace(batch, importance=batch.importance / batch.importance.mean())
        return super().train_step(state, batch, learning_rate, step)


class SecondTargetInHits(Wrapped):
    """Counts a hit against whichever target has the larger share."""

    def train_step(self, state, batch, learning_rate, step):
        if batch.second is not None:
            larger = batch.share >= 0.5
            labels, second = np.where(larger, batch.labels, batch.second), np.where(larger, batch.second, batch.labels)
            share = np.maximum(batch.share, 1 - batch.share)
            batch = dataclasses.replace(batch, labels=labels, second=second, share=share)
        return super().train_step(state, batch, learning_rate, step)


class RateInsideMomentum(Wrapped):
    rate = 0.0

    def train_step(self, state, batch, learning_rate, step):
        previous, self.rate = self.rate or learning_rate, learning_rate
        return super().train_step(state, batch, previous, step)


class SavedViews(Wrapped):
    def save(self, state):
        return state.weights | {
            f"solver/{slot}/{name}": array for name, slots in state.slots.items() for slot, array in slots.items()
        }

    def train_step(self, state, batch, learning_rate, step):
        new, scores = super().train_step(state, batch, learning_rate, step)
        for name, array in new.weights.items():
            state.weights[name][...] = array
        return dataclasses.replace(new, weights=state.weights), scores


class WrongPadding(Wrapped):
    """Begins and ends of the padding are exchanged."""

    def __init__(self, graph, solver, options, context):
        layers = []
        for layer in graph.layers:
            op = layer.op
            if op.kind in ("conv", "max_pool", "average_pool"):
                top, bottom, left, right = op.padding
                op = op.model_copy(update={"padding": (bottom, top, right, left)})
            layers.append(LayerSpec(layer.name, op, layer.inputs))
        swapped = Graph.of(graph.name, layers, losses=graph.losses, output=graph.output)
        super().__init__(swapped, solver, options, context)


class InvertedBatchNormMomentum(Wrapped):
    def __init__(self, graph, solver, options, context):
        super().__init__(graph, solver, options, context)
        for layer in graph.layers:
            if layer.op.kind == "batch_norm":
                inverted = layer.op.model_copy(update={"momentum": 1 - layer.op.momentum})
                self.inner._forwards[layer.name] = OPS["batch_norm"](dataclasses.replace(layer, op=inverted))


class LastMaximumWins(Wrapped):
    def __init__(self, graph, solver, options, context):
        super().__init__(graph, solver, options, context)
        for layer in graph.layers:
            if layer.op.kind == "max_pool":
                self.inner._forwards[layer.name] = _last_wins(OPS["max_pool"](layer))


def _last_wins(forward):
    """The pool of the picture turned by half a turn: the first of its equals is our last."""

    def turned(array):
        return array[:, :, ::-1, ::-1]

    def forward_turned(inputs, weights, mode):
        y, backward = forward([turned(inputs[0])], weights, mode)
        return turned(y), lambda dy: ([turned(backward(turned(dy))[0][0])], {})

    return forward_turned


def _replacing(kind, make):
    """The fault of a backend whose builder of ``kind`` is ``make`` of the right one."""

    class Replaced(Wrapped):
        def __init__(self, graph, solver, options, context):
            super().__init__(graph, solver, options, context)
            for layer in graph.layers:
                if layer.op.kind == kind:
                    self.inner._forwards[layer.name] = make(layer, OPS[kind](layer))

    return Replaced


class DecayOnEverything(Wrapped):
    def __init__(self, graph, solver, options, context):
        super().__init__(graph, solver, options, context)
        flat = {name: dataclasses.replace(p, decay_multiplier=1.0) for name, p in graph.parameters.items()}
        copy = Graph(graph.name, graph.layers, graph.losses, graph.output)
        copy.__dict__["parameters"] = flat
        self.inner._graph = copy


class _OwnRule(Wrapped):
    """Another rule than the solver's."""

    def __init__(self, graph, solver, options, context):
        super().__init__(graph, solver, options, context)
        self.inner._rule = self.rule


class DecayInTheGradient(_OwnRule):
    def rule(self, solver, turn, slots):
        return solvers.adam(solver, turn, slots)


class EpsilonInsideTheRoot(_OwnRule):
    def rule(self, solver, turn, slots):
        s = solver.rho * slots["mean_square"] + (1 - solver.rho) * turn.g**2
        return turn.g / np.sqrt(s + solver.epsilon), {"mean_square": s}


class SumOfOneStep(_OwnRule):
    def rule(self, solver, turn, slots):
        return solvers.adagrad(solver, turn, {name: 0 * slot for name, slot in slots.items()})


class StepsOfGradients(_OwnRule):
    """Adadelta that remembers squares of gradients where squares of steps belong."""

    def rule(self, solver, turn, slots):
        u, new = solvers.adadelta(solver, turn, slots)
        return u, {**new, "mean_square_step": new["mean_square"]}


class LionRemembersFirst(_OwnRule):
    def rule(self, solver, turn, slots):
        m = solver.beta2 * slots["momentum"] + (1 - solver.beta2) * turn.gradient
        return np.sign(m) + turn.decay * turn.w, {"momentum": m}


class BiasesHaveARateOfTheirOwn(_OwnRule):
    def rule(self, solver, turn, slots):
        return solvers.RULES[solver.name](solver, dataclasses.replace(turn, kernel=True), slots)


class DecayOutsideTheNorm(_OwnRule):
    def rule(self, solver, turn, slots):
        u, slots = solvers.lars(solver, dataclasses.replace(turn, decay=0.0), slots)
        return u + turn.decay * turn.w, slots


class AverageOfTheWeightsBefore(Wrapped):
    def train_step(self, state, batch, learning_rate, step):
        new, scores = super().train_step(state, batch, learning_rate, step)
        for name, slots in new.slots.items():
            if "average" in slots:
                old = state.slots[name]["average"]
                slots["average"] = solvers.averaged(old, state.weights[name], self.solver.average, step)
        return new, scores


class AverageIsNotShown(Wrapped):
    def evaluate_step(self, state, batch):
        return super().evaluate_step(dataclasses.replace(state, slots={}), batch)


class FrozenNormMoves(Wrapped):
    def __init__(self, graph, solver, options, context):
        super().__init__(graph, solver, options, context)
        for layer in graph.layers:
            if layer.op.kind == "batch_norm":
                self.inner._forwards[layer.name] = OPS["batch_norm"](dataclasses.replace(layer, tuning=UNTUNED))


class FrozenWeightsDecay(Wrapped):
    def train_step(self, state, batch, learning_rate, step):
        new, scores = super().train_step(state, batch, learning_rate, step)
        for name, parameter in self.graph.parameters.items():
            if not parameter.trainable and name.endswith("/kernel"):
                new.weights[name] = new.weights[name] * (1 - learning_rate * self.solver.weight_decay)
        return new, scores


class GradientOfTheFirstLogit(Wrapped):
    def gradients(self, state, images, classes, taps):
        return super().gradients(state, images, np.zeros_like(classes), taps)


FAULTS = {name: _replacing(kind, make) for name, (kind, make) in OP_FAULTS.items()} | {
    fault.__name__: fault
    for fault in (
        WrongPadding,
        ForgottenSlot,
        UnsavedSlot,
        LeakingSeed,
        EvaluationMovesStatistics,
        PaddingCounts,
        MeanInsteadOfSum,
        WeightedHeads,
        ImportanceNormalised,
        SecondTargetInHits,
        RateInsideMomentum,
        SavedViews,
        InvertedBatchNormMomentum,
        DecayOnEverything,
        LastMaximumWins,
        DecayInTheGradient,
        EpsilonInsideTheRoot,
        SumOfOneStep,
        StepsOfGradients,
        LionRemembersFirst,
        BiasesHaveARateOfTheirOwn,
        DecayOutsideTheNorm,
        AverageOfTheWeightsBefore,
        AverageIsNotShown,
        FrozenNormMoves,
        FrozenWeightsDecay,
        GradientOfTheFirstLogit,
    )
}


def backend_with(fault):
    class Faulty(NumpyBackend):
        def build(self, graph, solver, options, context):
            super().build(graph, solver, options, context)
            return FAULTS[fault](graph, solver, options, context)

    return Faulty()
