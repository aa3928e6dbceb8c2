"""Programs that are stepped over batches of their own, and how close two of them have to be; for conformance kits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from digits_core.contracts.backend import Arrays, Backend, BuildContext, Program, Scores, State
from digits_core.graph.graph import Graph
from digits_core.hooks.registry import discover
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd, SolverBase
from digits_core.testing.graphs import batch_of

#: Largest error relative to the largest element of the reference, forward.
FORWARD_TOLERANCE = {"fp32": 1e-5, "fp64": 1e-10}
#: The same for gradients and for weights after some steps.
GRADIENT_TOLERANCE = {"fp32": 1e-4, "fp64": 1e-10}

RATES = (0.02, 0.01, 0.04, 0.002, 0.02)


def reference() -> Backend:
    """The numpy backend, which is the specification."""
    return discover().backends.get("numpy")()


def error_of(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> float:
    """Largest difference, relative to the largest element that is expected; infinite where shapes differ."""
    if found.shape != expected.shape:
        return float("inf")
    scale = max(float(np.abs(expected).max(initial=0)), 1e-6)
    return float(np.abs(found.astype(np.float64) - expected).max(initial=0)) / scale


def build(
    backend: Backend,
    graph: Graph,
    solver: SolverBase | None = None,
    precision: str = "fp32",
    seed: int = 7,
    accumulate: int = 1,
) -> Program:
    """A program on the backend's first device."""
    options = BackendOptions.model_validate({"precision": precision, "accumulate": accumulate})
    context = BuildContext(backend.devices()[0], seed=seed)
    return backend.build(graph, solver or Sgd(rate=0.1, momentum=0.0, decay=0.0), options, context)


def read(scores: Scores) -> dict[str, float]:
    """Scores as numbers."""
    return {name: float(score) for name, score in scores.items()}


class Run:
    """A program with its state, stepped over batches that depend on the step only."""

    def __init__(self, program: Program, graph: Graph, arrays: Arrays, first_step: int = 0) -> None:
        self.program, self.graph, self.step, self.start = program, graph, first_step, arrays
        self.state: State = program.load(arrays)

    def advance(self, rates: Sequence[float]) -> list[dict[str, float]]:
        """Train one step per rate and give the scores."""
        scores = []
        for rate in rates:
            batch = self.program.place(batch_of(self.graph, seed=self.step))
            self.state, found = self.program.train_step(self.state, batch, rate, self.step)
            scores.append(read(found))
            self.step += 1
        return scores

    def arrays(self) -> Arrays:
        """Everything it has learned."""
        return self.program.save(self.state)


def require_ops(backend: Backend, graph: Graph) -> None:
    """Skip where a backend does not claim an operation of ``graph``."""
    missing = {layer.op.kind for layer in graph.layers} - backend.capabilities().ops
    if missing:
        pytest.skip(f"backend {backend.name} does not claim {', '.join(sorted(missing))}")


def require_precision(backend: Backend, precision: str) -> None:
    """Skip where a backend does not claim ``precision``."""
    if precision not in backend.capabilities().precisions:
        pytest.skip(f"backend {backend.name} does not claim {precision}")


def assert_close(found: Arrays, expected: Arrays, tolerance: float) -> None:
    """Fail where an array has a relative error above ``tolerance``; names all of them."""
    assert found.keys() == expected.keys()
    errors = {name: error_of(found[name], expected[name]) for name in expected}
    too_large = {name: error for name, error in errors.items() if not error <= tolerance}
    assert not too_large, f"relative errors above {tolerance:g}: {too_large}"


def assert_equal(found: Arrays, expected: Arrays) -> None:
    """Fail where an array is not bit-equal; names all of them."""
    assert found.keys() == expected.keys()
    different = [name for name in expected if not np.array_equal(found[name], expected[name])]
    assert not different, f"not bit-equal: {different}"


both_precisions = pytest.mark.parametrize("precision", ["fp32", "fp64"])
