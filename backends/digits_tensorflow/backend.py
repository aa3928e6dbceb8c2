"""The TensorFlow backend's door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from digits_core.contracts.backend import Backend, BuildContext, Capabilities, Device, ProcessLayout, Program
from digits_core.contracts.claims import require_claims, require_devices
from digits_core.graph.graph import Graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase
from digits_tensorflow.arrays import DTYPES
from digits_tensorflow.devices import find_devices
from digits_tensorflow.ops import OPS
from digits_tensorflow.program import TensorFlowProgram
from digits_tensorflow.solvers import RULES


class TensorFlowBackend(Backend):
    """Trains with TensorFlow on one device."""

    name: ClassVar = "tensorflow"

    def capabilities(self) -> Capabilities:
        """Every op and solver of the core, compiled by XLA where asked to."""
        return Capabilities(
            ops=frozenset(OPS),
            solvers=frozenset(RULES),
            precisions=frozenset(DTYPES),
            device_kinds=frozenset(device.kind for device in self.devices()),
            compiles=True,
        )

    def devices(self) -> tuple[Device, ...]:
        """Graphics processors, then the processor."""
        return find_devices()

    def layout(self, devices: Sequence[Device], nodes: int = 1) -> ProcessLayout:
        """One process with one device."""
        require_devices(self, devices, nodes)
        return ProcessLayout((tuple(devices),))

    def build(self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext) -> Program:
        """A program for any graph of the core's ops, on one device."""
        require_claims(self, graph, solver, options, context)
        return TensorFlowProgram(graph, solver, options, context)
