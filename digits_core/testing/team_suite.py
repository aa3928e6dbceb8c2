"""The conformance kit of backends that claim to train in several processes; subclass it beside `BackendSuite`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from digits_core.contracts.backend import Backend
from digits_core.graph.adjustment import adjust
from digits_core.graph.graph import Graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Adam, Lamb, Sgd
from digits_core.testing.graphs import OP_CASES, graph_of, multiplied
from digits_core.testing.runs import RATES, error_of
from digits_core.testing.team import Exercise, Trained

#: Largest relative error after some steps: only the order of additions differs.
TEAM_TOLERANCE = 2e-5


class TeamSuite:
    """What a backend that claims to be distributed must do; subclasses give the fixture ``backend``."""

    @pytest.fixture
    def backend(self) -> Backend:
        """The backend under test."""
        raise NotImplementedError("Give your backend in a fixture called backend.")

    @pytest.mark.parametrize("count", [2, 3])
    def test_several_processes_train_as_one_does(self, backend: Backend, count: int, tmp_path: Path) -> None:
        # Batch norm, dropout, a mean picture, multipliers, second targets, importance, and shares of different sizes;
        # with three of them layers that are frozen, averages, and norms of weights.
        graph: Graph = multiplied() if count == 2 else adjust(multiplied(), ("frozen", "norm"), "kernels")
        solver = Adam(rate=0.01, clip=0.5) if count == 2 else Lamb(rate=0.01, average=0.8)
        exercise = Exercise(backend.name, graph, solver, 7, RATES, targets=True)
        self._assert_train_as_one(backend, exercise, count, tmp_path)

    def test_several_processes_may_work_in_parts(self, backend: Backend, tmp_path: Path) -> None:
        graph, options = graph_of(OP_CASES["dropout"]), BackendOptions(accumulate=2)
        exercise = Exercise(backend.name, graph, Sgd(rate=0.01), 8, RATES[:2], options)
        self._assert_train_as_one(backend, exercise, 2, tmp_path)

    def _assert_train_as_one(self, backend: Backend, exercise: Exercise, count: int, folder: Path) -> None:
        if not backend.capabilities().distributed:
            pytest.skip(f"backend {backend.name} does not claim to be distributed")
        alone, together = exercise.run(), exercise.run_together(folder, count)
        for member in together:
            assert _scores_error(member, alone) < TEAM_TOLERANCE
            errors = {name: error_of(member.arrays[name], array) for name, array in alone.arrays.items()}
            assert member.arrays.keys() == alone.arrays.keys()
            assert max(errors.values()) < TEAM_TOLERANCE, errors
            for name, array in together[0].arrays.items():
                assert np.array_equal(member.arrays[name], array), f"{name} differs between processes"


def _scores_error(found: Trained, expected: Trained) -> float:
    return error_of(found.scores, expected.scores)
