"""The JAX backend's door."""

from __future__ import annotations

from typing import ClassVar

from digits_core.contracts.backend import Backend, BuildContext, Capabilities, Device, Program
from digits_core.contracts.claims import require_claims
from digits_core.contracts.native import NativeArrays
from digits_core.errors import CapabilityMissing
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.native import Native, native_of
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase
from digits_jax.devices import KINDS, find_devices, native_device
from digits_jax.foreign import start_arrays
from digits_jax.network import BUILDERS
from digits_jax.precision import offered
from digits_jax.program import JaxProgram
from digits_jax.solvers import RULES
from digits_jax.team_program import TeamProgram


class JaxBackend(Backend):
    """Trains with JAX, one device per process; steps are compiled unless that is switched off."""

    name: ClassVar = "jax"

    def capabilities(self) -> Capabilities:
        """Every op and solver of the core; fp16 pays on GPUs only."""
        return Capabilities(
            ops=frozenset(BUILDERS),
            solvers=frozenset(RULES),
            precisions=offered(frozenset(device.kind for device in self.devices())),
            device_kinds=frozenset(KINDS),
            compiles=True,
            distributed=True,
        )

    def devices(self) -> tuple[Device, ...]:
        """What JAX finds, GPUs first."""
        return find_devices()

    def build(self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext) -> Program:
        """A program for any graph of the core's ops; where several train together, meets the others."""
        require_claims(self, graph, solver, options, context)
        if native_of(graph) and context.batch % options.accumulate:
            # Parts of a batch have one shape here: what fills up the last one would count in a module's statistics.
            raise CapabilityMissing(
                f"A native network in JAX expects a batch that --accumulate {options.accumulate} divides, "
                f"found {context.batch}.",
                where="options.accumulate",
            )
        if context.process_count > 1:
            return TeamProgram(graph, solver, options, context)
        return JaxProgram(graph, solver, options, context, native_device(context.device))

    def native_arrays(self, network: Native, input: NetworkInput, seed: int) -> NativeArrays:
        """The arrays of a `flax.nnx.Module` as Flax starts them."""
        return start_arrays(network, input, seed)
