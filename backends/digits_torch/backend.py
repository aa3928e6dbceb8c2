"""The PyTorch backend's door."""

from __future__ import annotations

from typing import ClassVar

from digits_core.contracts.backend import Backend, BuildContext, Capabilities, Device, Program
from digits_core.contracts.claims import require_claims
from digits_core.contracts.native import NativeArrays
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.native import Native
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase
from digits_torch.devices import can_compile, find_devices, native_device
from digits_torch.foreign import start_arrays
from digits_torch.native import BUILDERS
from digits_torch.precision import offered
from digits_torch.program import TorchProgram
from digits_torch.solvers import RULES
from digits_torch.team import can_meet


class TorchBackend(Backend):
    """Trains with PyTorch on processors or GPUs, one process for each."""

    name: ClassVar = "torch"

    def capabilities(self) -> Capabilities:
        """Every op and solver of the core."""
        return Capabilities(
            ops=frozenset(BUILDERS),
            solvers=frozenset(RULES),
            precisions=offered(),
            device_kinds=frozenset(device.kind for device in find_devices()),
            compiles=can_compile(),
            distributed=can_meet(),
        )

    def devices(self) -> tuple[Device, ...]:
        """GPUs, then the processor."""
        return find_devices()

    def build(self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext) -> Program:
        """A program for any graph of the core's ops; processes that train together wait for each other."""
        require_claims(self, graph, solver, options, context)
        return TorchProgram(graph, solver, options, context, native_device(context.device))

    def native_arrays(self, network: Native, input: NetworkInput, seed: int) -> NativeArrays:
        """The arrays of a ``torch.nn.Module`` as torch starts them."""
        return start_arrays(network, input, seed)
