"""Native networks in tests: a file's text becomes a program that trains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from digits_core.contracts.backend import Arrays, Backend, BuildContext, Program
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.native import NATIVE, Native, NativeWeight, digest_of, native_graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Adam, SolverBase
from digits_core.testing.graphs import batch_of

#: What the files of tests are given.
INPUT = NetworkInput(channels=2, height=9, width=8, classes=4)
#: Pictures per step.
BATCH = 6
DEFAULT_OPTIONS = BackendOptions()
DEFAULT_SOLVER = Adam()


@dataclass(frozen=True, slots=True)
class NativeTrial:
    """A native network that is ready to train.

    Attributes:
        program: Its program.
        graph: Its graph.
        arrays: What it starts with, by canonical name.
    """

    program: Program
    graph: Graph
    arrays: Arrays

    @property
    def trained(self) -> frozenset[str]:
        """Names, in the module, of what the solver changes."""
        found = self.graph.parameters.items()
        return frozenset(name.removeprefix(f"{NATIVE}/") for name, parameter in found if parameter.trainable)

    @property
    def kept(self) -> frozenset[str]:
        """Names, in the module, of what is saved besides."""
        return frozenset(name.removeprefix(f"{NATIVE}/") for name in self.arrays) - self.trained

    def train(self, arrays: Arrays, steps: Iterable[int]) -> Arrays:
        """What some steps make of ``arrays``, slots of the solver included."""
        state = self.program.load(arrays)
        for step in steps:
            batch = self.program.place(batch_of(self.graph, size=BATCH, seed=step))
            state, _ = self.program.train_step(state, batch, 0.01, step)
        return self.program.save(state)


def native_op(backend: Backend, source: str) -> Native:
    """The operation that a file with text ``source`` is, its arrays not known yet."""
    return Native(backend=backend.name, file="mine.py", source=source, digest=digest_of(source), classes=INPUT.classes)


def native_trial(
    backend: Backend,
    source: str,
    seed: int = 0,
    options: BackendOptions = DEFAULT_OPTIONS,
    solver: SolverBase = DEFAULT_SOLVER,
) -> NativeTrial:
    """The program of a file with text ``source``, as a job of that seed, those options and that solver makes it."""
    op = native_op(backend, source)
    found = backend.native_arrays(op, INPUT, seed)
    weights = [NativeWeight(name=name, shape=array.shape) for name, array in found.trained.items()]
    weights += [NativeWeight(name=name, shape=array.shape, trainable=False) for name, array in found.kept.items()]
    graph = native_graph("mine", INPUT, op.model_copy(update={"weights": tuple(weights)}))
    context = BuildContext(backend.devices()[-1], seed=seed, batch=BATCH)
    program = backend.build(graph, solver, options, context)
    arrays = {f"{NATIVE}/{name}": array for name, array in (found.trained | found.kept).items()}
    return NativeTrial(program, graph, arrays)


def same_arrays(first: Arrays, second: Arrays) -> bool:
    """Whether two sets of arrays have the same names and the same bits."""
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)
