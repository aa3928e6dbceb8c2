"""The reference backend's door."""

from __future__ import annotations

from typing import ClassVar

from digits_core.contracts.backend import Backend, BuildContext, Capabilities, Device, Program
from digits_core.contracts.claims import require_claims
from digits_core.graph.graph import Graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase
from digits_numpy.arrays import DTYPES
from digits_numpy.devices import find_devices
from digits_numpy.ops import OPS
from digits_numpy.program import NumpyProgram
from digits_numpy.solvers import RULES


class NumpyBackend(Backend):
    """Trains with numpy alone, in fp32 or fp64."""

    name: ClassVar = "numpy"

    def capabilities(self) -> Capabilities:
        """Every op and solver of the core."""
        return Capabilities(ops=frozenset(OPS), solvers=frozenset(RULES), precisions=frozenset(DTYPES))

    def devices(self) -> tuple[Device, ...]:
        """The processor."""
        return find_devices()

    def build(self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext) -> Program:
        """A program for any graph of the core's ops."""
        require_claims(self, graph, solver, options, context)
        return NumpyProgram(graph, solver, options, context)
