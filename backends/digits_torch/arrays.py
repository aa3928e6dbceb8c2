"""Canonical arrays in and out.

Torch's weights have the canonical shapes; what changes is names, the device, the order in memory (channels-last), and a
batch axis of the mean picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from digits_core.contracts.backend import Arrays, slot_name
from digits_core.graph.graph import Graph
from digits_core.spec.solver import AVERAGE, SolverBase
from digits_torch.exchange import GradientExchange
from digits_torch.foreign import Foreign
from digits_torch.native import Network, training_twin, twin
from digits_torch.team import Team

#: Torch's attribute of each canonical local name.
ATTRIBUTES = {
    "kernel": "weight",
    "bias": "bias",
    "scale": "weight",
    "offset": "bias",
    "mean": "running_mean",
    "variance": "running_var",
    "input/mean": "mean",
    "token": "token",
    "embedding": "embedding",
}


@dataclass(frozen=True, slots=True)
class Group:
    """Trainable weights with the same multipliers.

    Attributes:
        weights: Torch's parameters.
        slots: For each slot of the solver, in its order, one tensor per weight.
        averages: Their moving averages; none where none are kept.
        kernels: bool ``[weights]``, which of them are kernels.
        rate_multiplier: Factor on the learning rate.
        decay: Weight decay, multiplied.
    """

    weights: list[nn.Parameter]
    slots: tuple[list[Tensor], ...]
    averages: list[Tensor]
    kernels: Tensor
    rate_multiplier: float
    decay: float


@dataclass(frozen=True, slots=True)
class TorchState:
    """What a program keeps between steps.

    Attributes:
        training: The network in training mode.
        evaluating: The same weights, or their averages, in evaluation mode, so that no mode is ever switched.
        groups: Trainable weights and slots, for the solver.
        tensors: Every array by canonical name, in saving order; the same memory as above.
        shapes: Canonical shapes of ``tensors``.
        exchange: Sums gradients over the processes that train together, if there are several.
    """

    training: Network
    evaluating: Network
    groups: tuple[Group, ...]
    tensors: dict[str, Tensor]
    shapes: dict[str, tuple[int, ...]]
    exchange: GradientExchange | None = None


def from_canonical(
    arrays: Arrays,
    graph: Graph,
    solver: SolverBase,
    seed: int,
    dtype: torch.dtype,
    device: torch.device,
    team: Team | None = None,
) -> TorchState:
    """A state with copies of ``arrays``; absent slots are zero, absent averages start at the weight.

    With a team it trains in step with its processes.
    """
    network = Network(graph, seed).eval().to(device, dtype, memory_format=torch.channels_last)
    weights = native_tensors(network, graph)
    shapes = {name: parameter.shape for name, parameter in graph.parameters.items()}
    tensors: dict[str, Tensor] = dict(weights)
    trained = [name for name, parameter in graph.parameters.items() if parameter.trainable]
    for name in trained:
        for slot in solver.kept:
            tensors[slot_name(slot, name)] = torch.zeros_like(weights[name], requires_grad=False)
            shapes[slot_name(slot, name)] = shapes[name]
    averages = {name: slot_name(AVERAGE, name) for name in trained if AVERAGE in solver.kept}
    started = {average: arrays[name] for name, average in averages.items()} | arrays
    for name, tensor in tensors.items():
        if name in started:
            write(tensor, started[name])
    shown = {id(weights[name]): nn.Parameter(tensors[average], False) for name, average in averages.items()}
    return TorchState(
        training_twin(network, graph, team),
        twin(network, shown) if shown else network,
        _groups(graph, solver, tensors),
        tensors,
        shapes,
        GradientExchange([weights[name] for name in trained], team) if team else None,
    )


def to_canonical(state: TorchState) -> Arrays:
    """Copies of everything in ``state``."""
    return {name: read(tensor).reshape(state.shapes[name]) for name, tensor in state.tensors.items()}


def filled_network(graph: Graph, arrays: Arrays) -> Network:
    """A network of its own with copies of ``arrays``, on the processor in float32 and evaluation mode."""
    network = Network(graph).eval()
    for name, tensor in native_tensors(network, graph).items():
        write(tensor, arrays[name])
    return network


def native_tensors(network: Network, graph: Graph) -> dict[str, Tensor]:
    """Every weight of ``network`` by its canonical name; those that are not trained ask for no gradient."""
    tensors: dict[str, Tensor] = {}
    for layer in graph.layers:
        module = network.layer(layer.name)
        if isinstance(module, Foreign):
            trained, kept = module.arrays()
            tensors |= {f"{layer.name}/{name}": tensor for name, tensor in (trained | kept).items()}
            continue
        for name, parameter in layer.parameters.items():
            attribute = ATTRIBUTES.get(name) or ATTRIBUTES[name.removeprefix(f"{layer.name}/")]
            tensors[name] = getattr(module, attribute).requires_grad_(parameter.trainable)
    return tensors


def write(tensor: Tensor, array: npt.NDArray[Any]) -> None:
    """Copy ``array`` into ``tensor``, whatever its number format and place."""
    with torch.no_grad():
        tensor.copy_(shared(array).view(tensor.shape))


def read(tensor: Tensor, dtype: torch.dtype | None = None) -> npt.NDArray[Any]:
    """A copy of ``tensor`` in canonical order."""
    detached = tensor.detach()
    return detached.to("cpu", dtype or tensor.dtype, copy=True, memory_format=torch.contiguous_format).numpy()


def shared(array: npt.NDArray[Any]) -> Tensor:
    """A tensor on the memory of ``array``, or on a copy where torch cannot use it."""
    return torch.from_numpy(np.require(array, requirements=("C", "W")))


def _groups(graph: Graph, solver: SolverBase, tensors: dict[str, Tensor]) -> tuple[Group, ...]:
    members: dict[tuple[float, float], list[str]] = {}
    for name, parameter in graph.parameters.items():
        if parameter.trainable:
            members.setdefault((parameter.rate_multiplier, parameter.decay_multiplier), []).append(name)
    return tuple(
        Group(
            [tensors[name] for name in names],
            tuple([tensors[slot_name(slot, name)] for name in names] for slot in solver.slots),
            [tensors[slot_name(AVERAGE, name)] for name in names if AVERAGE in solver.kept],
            torch.tensor([graph.parameters[name].kernel for name in names], device=tensors[names[0]].device),
            rate,
            solver.weight_decay * decay,
        )
        for (rate, decay), names in members.items()
    )
