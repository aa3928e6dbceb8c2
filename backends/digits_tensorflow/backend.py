"""The TensorFlow backend's door."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from digits_core.contracts.backend import Backend, BuildContext, Capabilities, Device, Program
from digits_core.contracts.claims import require_claims
from digits_core.contracts.native import NativeArrays
from digits_core.errors import CapabilityMissing, Problem, require
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.native import NATIVE, Native, native_of
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase
from digits_tensorflow.arrays import DTYPES
from digits_tensorflow.devices import find_devices
from digits_tensorflow.foreign import start_arrays
from digits_tensorflow.ops import OPS
from digits_tensorflow.program import TensorFlowProgram
from digits_tensorflow.solvers import RULES


class TensorFlowBackend(Backend):
    """Trains with TensorFlow, on one device in each process."""

    name: ClassVar = "tensorflow"

    def capabilities(self) -> Capabilities:
        """Every op and solver of the core, compiled by XLA where asked to; fp16 pays on GPUs only."""
        kinds = frozenset(device.kind for device in self.devices())
        return Capabilities(
            ops=frozenset(OPS) | {NATIVE},
            solvers=frozenset(RULES),
            precisions=frozenset(DTYPES) if "gpu" in kinds else frozenset(DTYPES) - {"fp16"},
            device_kinds=kinds,
            compiles=True,
            distributed=True,
        )

    def devices(self) -> tuple[Device, ...]:
        """Graphics processors, then the processor."""
        return find_devices()

    def build(self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext) -> Program:
        """A program for any graph of the core's ops."""
        require_claims(self, graph, solver, options, context)
        if native_of(graph):
            require(_native_problems(solver, options), CapabilityMissing)
        return TensorFlowProgram(graph, solver, options, context)

    def native_arrays(self, network: Native, input: NetworkInput, seed: int) -> NativeArrays:
        """The arrays of a ``tf.Module`` as its file starts them."""
        return start_arrays(network, input, seed)


def _native_problems(solver: SolverBase, options: BackendOptions) -> Iterator[Problem]:
    """What a module cannot do that reads its own variables."""
    if options.precision != "fp32":
        message = f"A native network in TensorFlow computes in fp32, found {options.precision}."
        yield Problem(message, "options.precision", "Choose the number format in the module itself.")
    if solver.average is not None:
        message = "A native network in TensorFlow reads its own weights, not a moving average of them."
        yield Problem(message, "solver.average", "Leave out --average.")
