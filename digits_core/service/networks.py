"""Networks by family name or file."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from digits_core.contracts.network_family import NetworkFamily
from digits_core.errors import NetworkInvalid
from digits_core.graph import codec
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.memory import estimate_memory
from digits_core.hooks.registry import Registry
from digits_core.service.views import LayerView, MemoryView, NetworkView
from digits_core.spec.files import read_data
from digits_core.spec.solver import Sgd

#: For what batch size the memory of a network is told.
USUAL_BATCH = 64
FILE_SUFFIXES = frozenset({".yaml", ".yml", ".json"})


def is_file(name: str) -> bool:
    """Whether a network is named by a file rather than by its family."""
    return Path(name).suffix.lower() in FILE_SUFFIXES or "/" in name


def build_network(name: str, input: NetworkInput | None, families: Registry[NetworkFamily]) -> Graph:
    """The graph of a family or file.

    Args:
        name: Name of a family, or path of a network file.
        input: What a dataset says; None takes the usual input of the family, or what the file says.
        families: Known families.

    Raises:
        NameUnknown: If there is no such family.
        NetworkInvalid: If the network cannot be built for that input, or the file is wrong; with every problem.
    """
    if is_file(name):
        return codec.decode(read_data(Path(name), error=NetworkInvalid), input=input, where=name)
    family = families.get(name)()
    return family.build(family.Params(), input or family.usual_input)


def network_view(graph: Graph) -> NetworkView:
    """A graph in numbers."""
    layers = tuple(
        LayerView(
            name=layer.name,
            op=layer.op.kind,
            inputs=layer.inputs,
            output=layer.output,
            parameters=layer.parameter_count,
            flops=layer.flops,
        )
        for layer in graph.layers
    )
    return NetworkView(
        name=graph.name,
        parameters=graph.parameter_count,
        flops=graph.flops,
        classes=graph.classes,
        layers=layers,
        memory_bytes=_memory_view(graph),
    )


def _memory_view(graph: Graph) -> MemoryView:
    found = estimate_memory(graph, len(Sgd.slots), USUAL_BATCH)
    return MemoryView(**dataclasses.asdict(found), total=found.total)
