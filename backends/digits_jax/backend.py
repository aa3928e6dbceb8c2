"""The JAX backend's door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from digits_core.contracts.backend import Backend, BuildContext, Capabilities, Device, ProcessLayout, Program
from digits_core.contracts.claims import require_claims, require_devices
from digits_core.graph.graph import Graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase
from digits_jax.arrays import DTYPES
from digits_jax.devices import KINDS, find_devices
from digits_jax.ops import OPS
from digits_jax.program import JaxProgram
from digits_jax.solvers import RULES


class JaxBackend(Backend):
    """Trains with JAX on one device, in fp32 or fp64; steps are compiled unless that is switched off."""

    name: ClassVar = "jax"

    def capabilities(self) -> Capabilities:
        """Every op and solver of the core."""
        return Capabilities(
            ops=frozenset(OPS),
            solvers=frozenset(RULES),
            precisions=frozenset(DTYPES),
            device_kinds=frozenset(KINDS),
            compiles=True,
        )

    def devices(self) -> tuple[Device, ...]:
        """What JAX finds, GPUs first."""
        return find_devices()

    def layout(self, devices: Sequence[Device], nodes: int = 1) -> ProcessLayout:
        """One process with one device."""
        require_devices(self, devices, nodes)
        return ProcessLayout((tuple(devices),))

    def build(self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext) -> Program:
        """A program for any graph of the core's ops; compiling waits for the first step."""
        require_claims(self, graph, solver, options, context)
        return JaxProgram(graph, solver, options, context)
