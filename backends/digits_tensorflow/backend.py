"""The TensorFlow backend's door."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from digits_core.contracts.backend import Backend, BuildContext, Capabilities, Device, ProcessLayout, Program
from digits_core.contracts.claims import require_claims
from digits_core.errors import CapabilityMissing, Problem, require
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
        """One process with one device.

        Raises:
            CapabilityMissing: If there are more.
        """
        require(self._unclaimed(devices, nodes), CapabilityMissing)
        return ProcessLayout((tuple(devices),))

    def build(self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext) -> Program:
        """A program for any graph of the core's ops, on one device."""
        problems = list(self._unclaimed(context.devices, context.process_count))
        try:
            require_claims(self.name, self.capabilities(), graph, solver, options)
        except CapabilityMissing as refused:
            problems = [*refused.problems, *problems]
        require(problems, CapabilityMissing)
        return TensorFlowProgram(graph, solver, options, context)

    def _unclaimed(self, devices: Sequence[Device], processes: int) -> Iterator[Problem]:
        if len(devices) * processes != 1:
            yield Problem(
                f"Backend {self.name} trains on one device, found {len(devices) * processes}.",
                hint="Ask for one device.",
            )
        known = [device.id for device in self.devices()]
        yield from (
            Problem(f"Backend {self.name} has no device {device.id}.", hint=f"It drives {', '.join(known)}.")
            for device in devices
            if device.id not in known
        )
