"""The PyTorch backend's door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from digits_core.contracts.backend import Backend, BuildContext, Capabilities, Device, ProcessLayout, Program
from digits_core.contracts.claims import require_claims, require_devices
from digits_core.graph.graph import Graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase
from digits_torch.arrays import DTYPES
from digits_torch.devices import can_compile, find_devices, native_device
from digits_torch.ops import OPS
from digits_torch.program import TorchProgram
from digits_torch.solvers import RULES


class TorchBackend(Backend):
    """Trains with PyTorch on one processor or GPU, in fp32 or fp64."""

    name: ClassVar = "torch"

    def capabilities(self) -> Capabilities:
        """Every op and solver of the core."""
        return Capabilities(
            ops=frozenset(OPS),
            solvers=frozenset(RULES),
            precisions=frozenset(DTYPES),
            device_kinds=frozenset(device.kind for device in find_devices()),
            compiles=can_compile(),
        )

    def devices(self) -> tuple[Device, ...]:
        """GPUs, then the processor."""
        return find_devices()

    def layout(self, devices: Sequence[Device], nodes: int = 1) -> ProcessLayout:
        """One process with one device."""
        require_devices(self, devices, nodes)
        return ProcessLayout((tuple(devices),))

    def build(self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext) -> Program:
        """A program for any graph of the core's ops."""
        require_claims(self, graph, solver, options, context)
        return TorchProgram(graph, solver, options, context.seed, native_device(context.devices[0]))
