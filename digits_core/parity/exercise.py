"""What every backend does to be compared: exercises, whose results on the way are kept as groups of arrays.

The first one has no solver: batches, weights as they start, one pass forward and one backward. Whatever trains is one
of its own for each solver. So what no solver touches is computed once, however many are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from digits_core.contracts.backend import (
    SLOT_PREFIX,
    Arrays,
    Backend,
    BuildContext,
    Program,
    State,
    score_names,
    slot_name,
)
from digits_core.graph.codec import decode
from digits_core.hooks.registry import discover
from digits_core.hooks.solvers import known_solver
from digits_core.parity.checks import ROUNDINGS
from digits_core.parity.findings import Findings, Found
from digits_core.parity.pictures import Pictures, pictures_for
from digits_core.spec.job import BackendOptions
from digits_core.spec.model import Spec
from digits_core.spec.schedule import Cosine
from digits_core.spec.solver import Sgd, Solver, SolverBase
from digits_core.training.initialize import initial_arrays, mean_arrays
from digits_core.training.rehearsed import device_of
from digits_core.training.schedules import learning_rate

#: Batches that are kept, besides the last one.
KEPT_BATCHES = 6
#: Its only slot is the gradient, when its rate is 0.
PLAIN = Sgd(momentum=0.0, decay=0.0)


class Exercise(Spec):
    """What one process does, as JSON."""

    backend: str
    """Name of the backend."""
    graph: dict[str, Any]
    """The network, as `digits_core.graph.codec` writes it."""
    solver: Solver | None = None
    """How weights are updated; empty: they are not, and only what no solver touches is found."""
    precision: Literal["fp32", "fp64"]
    """Number format."""
    kind: Literal["cpu", "gpu"]
    """Kind of the device; the first of that kind that the process sees is used."""
    batch: int = Field(ge=2)
    """Pictures per step, over all processes."""
    steps: int = Field(ge=2)
    """Solver steps."""
    seed: int
    """Decides whatever is drawn."""
    dataset: Path | None
    """Folder of a dataset; empty: pictures are drawn."""
    folder: Path
    """Where findings go."""
    nudge: int = Field(default=0, ge=0)
    """1: every weight starts one rounding away from where it should, up or down by chance; more: ten; each number draws
    otherwise. 0: none does."""
    resume: Path | None = None
    """Findings whose middle is gone on from; empty: that is left out."""
    index: int = 0
    """Which of several processes this is."""
    addresses: tuple[str, ...] = ()
    """Where they listen; empty: this one trains alone."""
    cores: tuple[int, ...] = ()
    """Cores that the process keeps to; empty: any."""


def perform(exercise: Exercise) -> None:
    """Do the exercise; as one of several processes only the part that all of them do together.

    Raises:
        CapabilityMissing: If the backend refuses it.
    """
    course = Course(exercise)
    findings = Findings(exercise.folder)
    if exercise.addresses:
        arrays = course.train_together()
        if exercise.index == 0:
            findings.write("devices", arrays)
        return
    for group, found in course.first() if exercise.solver is None else course.training():
        findings.write(group, found)


class Course:
    """An exercise under way.

    Args:
        exercise: What is to be done.
    """

    def __init__(self, exercise: Exercise) -> None:
        self._exercise = exercise
        self._graph = decode(exercise.graph)
        plugins = discover()
        self._backend: Backend = plugins.backends.get(exercise.backend)()
        self._solver = known_solver(exercise.solver or PLAIN, plugins.solvers)
        device = device_of(self._backend, exercise.kind)
        self._context = BuildContext(device, exercise.seed, exercise.batch, exercise.index, exercise.addresses)

    def train_together(self) -> Arrays:
        """The weights after all steps."""
        program = self._build(self._solver)
        pictures = self._pictures(self._context.rows)
        state = program.load(self._start(pictures))
        for step in range(self._exercise.steps):
            state, _ = self._step(program, state, pictures, step)
        arrays = _weights(program.save(state))
        program.total(np.zeros(1))  # Nobody leaves before all are here.
        program.close()
        return arrays

    def first(self) -> Iterator[tuple[str, Found]]:
        """What one process finds that no solver touches, group by group; with a solver whose slot is the gradient."""
        pictures = self._pictures()
        yield "batches", self._batches(pictures)
        program = self._build(PLAIN)
        state = program.load(self._start(pictures))
        yield "initial-weights", _weights(program.save(state))
        yield "forward", self._activations(program, state, pictures)
        evaluated = self._scores(program, state, pictures)
        state, scores = program.train_step(state, program.place(pictures.training.batch(0)), 0.0, 0)
        trained = {f"{name} in training": np.array(float(scores[name])) for name in score_names(self._graph)}
        yield "loss", evaluated | trained
        saved, parameters = program.save(state), self._graph.parameters
        program.close()
        learned = [name for name, parameter in parameters.items() if parameter.trainable]
        # From the output to the input, as they come.
        yield "gradients", {name: saved[slot_name("velocity", name)] for name in reversed(learned)}
        yield "statistics", {name: saved[name] for name in parameters if name not in learned}

    def training(self) -> Iterator[tuple[str, Found]]:
        """What one process finds in training, group by group."""
        pictures, steps = self._pictures(), self._exercise.steps
        program = self._build(self._solver)
        state = program.load(self._start(pictures))
        losses: Arrays = {}
        for step in range(steps):
            if step == steps // 2:
                yield "middle", program.save(state)
            state, loss = self._step(program, state, pictures, step)
            losses[f"step {step + 1}"] = np.array(loss)
        yield "losses", losses
        yield "weights", program.save(state)
        scores = self._scores(program, state, pictures)
        yield "evaluation", {**self._activations(program, state, pictures), **scores}
        if self._exercise.resume:
            resumed = program.load(dict(Findings(self._exercise.resume).read("middle")))
            for step in range(steps // 2, steps):
                resumed, _ = self._step(program, resumed, pictures, step)
            yield "resume", _weights(program.save(resumed))
        program.close()

    def _step(self, program: Program, state: State, pictures: Pictures, step: int) -> tuple[State, float]:
        rate = learning_rate(Cosine(), self._solver.rate, 100 * step / self._exercise.steps)
        state, scores = program.train_step(state, program.place(pictures.training.batch(step)), rate, step)
        return state, float(scores["loss"])

    def _batches(self, pictures: Pictures) -> Found:
        kept = {*range(min(KEPT_BATCHES, self._exercise.steps)), self._exercise.steps - 1}
        batches = {step: pictures.training.batch(step) for step in sorted(kept)}
        images = {f"pictures of step {step + 1}": batch.images for step, batch in batches.items()}
        return images | {f"labels of step {step + 1}": batch.labels for step, batch in batches.items()}

    def _activations(self, program: Program, state: State, pictures: Pictures) -> Found:
        names = [layer.name for layer in self._graph.layers]
        found = program.predict(state, pictures.scored.images, names)
        return {name: found[name] for name in names}

    def _scores(self, program: Program, state: State, pictures: Pictures) -> Arrays:
        scores = program.evaluate_step(state, program.place(pictures.scored))
        return {f"{name} in evaluation": np.array(float(scores[name])) for name in score_names(self._graph)}

    def _start(self, pictures: Pictures) -> Arrays:
        start = initial_arrays(self._graph, self._exercise.seed) | mean_arrays(self._graph.input, pictures.mean)
        return _nudged(start, self._exercise.nudge, self._exercise.precision) if self._exercise.nudge else start

    def _pictures(self, rows: range | None = None) -> Pictures:
        exercise = self._exercise
        return pictures_for(self._graph, exercise.dataset, exercise.batch, exercise.seed, rows)

    def _build(self, solver: SolverBase) -> Program:
        options = BackendOptions(precision=self._exercise.precision)
        return self._backend.build(self._graph, solver, options, self._context)


def _nudged(arrays: Arrays, number: int, precision: str) -> Arrays:
    """Every element a rounding, or several, up or down."""
    random = np.random.default_rng(number)
    eps = np.finfo(np.float64 if precision == "fp64" else np.float32).eps
    away = eps if number == 1 else ROUNDINGS * eps
    return {
        name: array.astype(np.float64) * (1 + random.choice([-away, away], array.shape))
        for name, array in arrays.items()
    }


def _weights(arrays: Arrays) -> Arrays:
    """Weights without solver slots."""
    return {name: array for name, array in arrays.items() if not name.startswith(SLOT_PREFIX)}
