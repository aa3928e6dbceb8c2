"""The part of the conformance kit of backends that is about updates: solvers, averages, frozen layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from digits_core.contracts.backend import Backend, Program, slot_name
from digits_core.graph.adjustment import adjust
from digits_core.graph.graph import Graph
from digits_core.spec.solver import AVERAGE, SOLVERS, Sgd, SolverBase
from digits_core.testing.graphs import batch_of, multiplied, weights_of
from digits_core.testing.runs import (
    GRADIENT_TOLERANCE,
    RATES,
    Run,
    assert_close,
    assert_equal,
    both_precisions,
    build,
    read,
    reference,
    require_ops,
    require_precision,
)

#: Where the usual numbers would move the weights of a tiny graph by less than rounding shows.
LIVELY: dict[str, dict[str, float]] = {"adadelta": {"epsilon": 0.01}, "lars": {"trust": 0.5}}

#: Programs by solver and number format: they are compiled once for all tests of a class.
Programs = dict[tuple[str, str], Program]
every_solver = pytest.mark.parametrize("solver_name", SOLVERS)


class SolverSuite:
    """What every backend must do with gradients; a part of `BackendSuite`."""

    @pytest.fixture
    def backend(self) -> Backend:
        """The backend under test."""
        raise NotImplementedError("Give your backend in a fixture called backend.")

    @pytest.fixture(scope="class")
    @classmethod
    def programs(cls) -> Programs:
        """What was built so far."""
        return {}

    @every_solver
    @both_precisions
    def test_a_solver_steps_as_the_reference_does(
        self, backend: Backend, programs: Programs, solver_name: str, precision: str
    ) -> None:
        found = self._run(backend, programs, solver_name, precision)
        expected = Run(build(reference(), multiplied(), _solver(solver_name), "fp64"), multiplied(), found.start)
        tolerance = GRADIENT_TOLERANCE[precision]
        for rate in RATES:
            score, wanted = found.advance([rate])[0], expected.advance([rate])[0]
            assert score["loss"] == pytest.approx(wanted["loss"], rel=tolerance)
        assert_close(found.arrays(), expected.arrays(), tolerance)

    @every_solver
    def test_a_run_goes_on_bit_equal_from_what_was_saved_at_any_step(
        self, backend: Backend, programs: Programs, solver_name: str
    ) -> None:
        if not backend.capabilities().deterministic:
            pytest.skip(f"backend {backend.name} does not claim to be deterministic")
        unbroken = self._run(backend, programs, solver_name)
        self._assert_goes_on_bit_equal(unbroken)

    @every_solver
    def test_a_state_of_the_reference_goes_on_in_this_backend(
        self, backend: Backend, programs: Programs, solver_name: str
    ) -> None:
        graph = multiplied()
        start = Run(build(reference(), graph, _solver(solver_name), "fp64"), graph, weights_of(graph))
        start.advance(RATES[:2])
        arrays = {name: array.astype(np.float32) for name, array in start.arrays().items()}
        resumed = self._run(backend, programs, solver_name, arrays=arrays, first_step=2)
        resumed.advance(RATES[2:])
        start.advance(RATES[2:])
        assert_close(resumed.arrays(), start.arrays(), GRADIENT_TOLERANCE["fp32"])

    @every_solver
    def test_absent_slots_start_at_zero_and_every_slot_is_saved(
        self, backend: Backend, programs: Programs, solver_name: str
    ) -> None:
        run = self._run(backend, programs, solver_name)
        slots = {slot_name(slot, name) for slot in SOLVERS[solver_name].slots for name in _trained(run.graph)}
        before = run.arrays()
        assert before.keys() == run.graph.parameters.keys() | slots
        assert not any(before[slot].any() for slot in slots)
        run.advance([0.1])
        after = run.arrays()
        assert all(after[slot].any() for slot in slots)

    @pytest.mark.parametrize("solver_name", ["sgd", "adamw"])
    def test_a_clipped_gradient_steps_as_the_reference_does(self, backend: Backend, solver_name: str) -> None:
        self._require_solver(backend, solver_name)
        found, expected = self._pair(backend, multiplied(), SOLVERS[solver_name].model_validate(_LOUD))
        found.advance(RATES[:3])
        expected.advance(RATES[:3])
        assert_close(found.arrays(), expected.arrays(), GRADIENT_TOLERANCE["fp32"])

    def test_a_moving_average_of_the_weights_is_kept_and_is_what_evaluates_and_predicts(self, backend: Backend) -> None:
        graph = multiplied()
        found, expected = self._pair(backend, graph, Sgd(rate=0.1, average=0.8))
        start = found.arrays()
        assert_equal(
            {name: start[slot_name(AVERAGE, name)] for name in _trained(graph)},
            {name: start[name] for name in _trained(graph)},
        )
        found.advance(RATES)
        expected.advance(RATES)
        assert_close(found.arrays(), expected.arrays(), GRADIENT_TOLERANCE["fp32"])
        batch = batch_of(graph, 16, seed=99)
        scores = [read(run.program.evaluate_step(run.state, run.program.place(batch))) for run in (found, expected)]
        assert scores[0] == pytest.approx(scores[1], rel=1e-4)
        logits = [run.program.predict(run.state, batch.images) for run in (found, expected)]
        assert_close(logits[0], logits[1], GRADIENT_TOLERANCE["fp32"])
        self._assert_goes_on_bit_equal(Run(found.program, graph, weights_of(graph)))

    @pytest.mark.parametrize("freeze", [("first",), ("frozen", "norm")], ids=["the-first-layer", "layers-between"])
    def test_a_frozen_layer_stays_as_it_is_and_the_others_step_as_the_reference_does(
        self, backend: Backend, freeze: tuple[str, ...]
    ) -> None:
        graph = adjust(multiplied(), freeze)
        found, expected = self._pair(backend, graph, Sgd(rate=0.1, decay=0.01, clip=0.5, average=0.8))
        found.advance(RATES)
        expected.advance(RATES)
        arrays, start = found.arrays(), weights_of(graph)
        still = {name: array for name, array in start.items() if name.startswith(tuple(f"{one}/" for one in freeze))}
        assert_equal({name: arrays[name] for name in still}, still)
        assert not [name for name in arrays for weight in still if name.endswith(f"/{weight}")], "it has slots"
        assert_close(arrays, expected.arrays(), GRADIENT_TOLERANCE["fp32"])

    def _run(
        self,
        backend: Backend,
        programs: Programs,
        solver_name: str,
        precision: str = "fp32",
        **start: Any,
    ) -> Run:
        """A run of a program that tests share."""
        self._require_solver(backend, solver_name)
        require_precision(backend, precision)
        graph = multiplied()
        require_ops(backend, graph)
        if (solver_name, precision) not in programs:
            programs[solver_name, precision] = build(backend, graph, _solver(solver_name), precision)
        return Run(programs[solver_name, precision], graph, **{"arrays": weights_of(graph), **start})

    def _pair(self, backend: Backend, graph: Graph, solver: SolverBase) -> tuple[Run, Run]:
        """The same in the backend and in the reference."""
        require_ops(backend, graph)
        programs = (build(backend, graph, solver), build(reference(), graph, solver, "fp64"))
        found, expected = (Run(program, graph, weights_of(graph)) for program in programs)
        return found, expected

    def _assert_goes_on_bit_equal(self, unbroken: Run) -> None:
        saved = [unbroken.arrays()]
        for rate in RATES:
            unbroken.advance([rate])
            saved.append(unbroken.arrays())
        for step, arrays in enumerate(saved):
            resumed = Run(unbroken.program, unbroken.graph, arrays, first_step=step)
            resumed.advance(RATES[step:])
            assert_equal(resumed.arrays(), saved[-1])

    def _require_solver(self, backend: Backend, solver: str) -> None:
        if solver not in backend.capabilities().solvers:
            pytest.skip(f"backend {backend.name} does not claim {solver}")


_LOUD = {"rate": 0.01, "clip": 0.05}


def _solver(name: str) -> SolverBase:
    return SOLVERS[name].model_validate({"rate": 0.1, "decay": 0.01, **LIVELY.get(name, {})})


def _trained(graph: Graph) -> list[str]:
    return [name for name, parameter in graph.parameters.items() if parameter.trainable]
