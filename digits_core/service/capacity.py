"""How much memory each process of a job has, and whether training is likely to fit into it."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from digits_core.contracts.backend import Backend
from digits_core.graph.graph import Graph
from digits_core.graph.memory import LESS_MEMORY, MemoryEstimate, activation_bytes, estimate_memory
from digits_core.graph.native import native_of
from digits_core.hooks.registry import Registry
from digits_core.scheduling.inventory import MachineDevice, machine_devices
from digits_core.scheduling.requests import allocate, parse_devices
from digits_core.scheduling.scheduler import device_kinds
from digits_core.spec.job import JobSpec
from digits_core.units import format_bytes


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a job would run.

    Attributes:
        devices: Those of one of its processes: of the one with the least memory.
        processes: How many processes there are on this machine, each with as many devices.
        nodes: How many machines there are, each with as many processes.
    """

    devices: tuple[MachineDevice, ...]
    processes: int
    nodes: int = 1

    @property
    def total(self) -> int:
        """How many processes train together."""
        return self.processes * self.nodes

    @property
    def kind(self) -> str:
        """Kind of the devices: ``cpu`` or ``gpu``."""
        return self.devices[0].kind

    @property
    def memory_bytes(self) -> int | None:
        """Memory of one process; those on a processor share the machine's. None where it is not known."""
        memory = self.devices[0].memory_total_bytes
        return memory // self.processes if memory and self.kind == "cpu" else memory


def find_placement(
    devices: str, backend: str, backends: Registry[Backend], busy: Collection[str] = (), nodes: int = 1
) -> Placement:
    """Where a job would run, on devices that nobody holds if there are enough.

    Args:
        devices: What it asks for, known to be here.
        backend: Name of its backend.
        backends: Known backends.
        busy: Ids of devices that are held.
        nodes: How many machines train together.
    """
    here = {device.id: device for device in machine_devices()}
    request, kinds = parse_devices(devices), device_kinds(backends, backend)
    given, _ = allocate(request, tuple(here.values()), here.keys() - set(busy), kinds)
    if not given:
        given, _ = allocate(request, tuple(here.values()), here.keys(), kinds)
    each = [tuple(here[id] for id in ids) for ids in given]
    return Placement(min(each, key=lambda own: own[0].memory_total_bytes or math.inf), len(each), nodes)


def estimate(spec: JobSpec, graph: Graph, batch: int) -> MemoryEstimate:
    """What each process needs for ``batch`` pictures of its own per step."""
    options = spec.options
    bytes_each = activation_bytes(options.precision)
    return estimate_memory(graph, len(spec.solver.kept), batch, bytes_each, options.accumulate)


def memory_note(spec: JobSpec, graph: Graph, placement: Placement) -> str:
    """What a job needs, in words, with a warning where that is more than there is."""
    needed = estimate(spec, graph, math.ceil(spec.batch_size / placement.total)).total
    there, device = placement.memory_bytes, placement.devices[0]
    note = f"Training takes about {format_bytes(needed)} per device at batch {spec.batch_size}, without the framework."
    if native_of(graph):
        note = f"Weights to train take about {format_bytes(needed)}; what else a native network takes is not known."
    if there is None or needed <= there:
        return note
    return f"Warning: {note} {device.name} has {format_bytes(there)} for each process. {LESS_MEMORY}"
