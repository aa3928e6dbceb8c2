"""A graph as one torch module."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor, nn

from digits_core.graph.graph import Graph, Layer
from digits_core.graph.native import NATIVE
from digits_torch.foreign import build_foreign
from digits_torch.layers import BatchNorm, Draw
from digits_torch.ops import OPS, noise
from digits_torch.ops.op import Builder
from digits_torch.team import Team

#: A builder for every operation of a graph, a whole module of somebody else included.
BUILDERS: dict[str, Builder] = {**OPS, NATIVE: build_foreign}
#: Operations whose modules take what decides random numbers.
DRAWING = noise.DRAWING | {NATIVE}
#: Operations whose result their own backward pass does not need, so that the next one may overwrite it.
_OVERWRITABLE = frozenset({"conv", "dense", "batch_norm", "concat", "add"})


@dataclass(frozen=True, slots=True)
class Call:
    """One layer's turn.

    Attributes:
        layer: Its name.
        attribute: Where the network has its module.
        inputs: Layers it takes.
        takes_draw: Whether it takes what decides dropout's masks as well.
        finished: Layers whose activations nobody needs afterwards.
    """

    layer: str
    attribute: str
    inputs: tuple[str, ...]
    takes_draw: bool
    finished: tuple[str, ...]


class Network(nn.Module):
    """Every layer of a graph as a submodule, called in computing order.

    Args:
        graph: The network.
        seed: Seed of the job, for dropout.
    """

    def __init__(self, graph: Graph, seed: int = 0) -> None:
        super().__init__()
        self._output = graph.output
        self._calls = plan(graph, (graph.output,))
        self._attributes = attributes(graph)
        for layer in graph.layers:
            self.add_module(self._attributes[layer.name], BUILDERS[layer.op.kind](layer, seed))

    def forward(self, images: Tensor) -> Tensor:
        """Logits of the graph's output.

        Args:
            images: uint8 ``[B, H, W, C]``.
        """
        return self.run(self._calls, images)[self._output]

    def layer(self, name: str) -> nn.Module:
        """The module of the layer that the graph calls ``name``."""
        return self.get_submodule(self._attributes[name])

    def run(self, calls: Sequence[Call], images: Tensor, draw: Draw | None = None) -> dict[str, Tensor]:
        """Activations of the targets of ``calls``.

        Args:
            calls: From `plan`.
            images: uint8 ``[B, H, W, C]``.
            draw: Decides dropout's masks; None: torch's generator does.
        """
        values: dict[str, Tensor] = {}
        modules = self._modules
        for call in calls:
            inputs: list[Tensor | Draw | None] = [values[name] for name in call.inputs] or [images]
            if call.takes_draw:
                inputs.append(draw)
            values[call.layer] = modules[call.attribute](*inputs)
            for name in call.finished:
                del values[name]
        return values


def training_twin(network: Network, graph: Graph, team: Team | None = None) -> Network:
    """The same network on the same memory, in training mode.

    Rectifiers overwrite what no one else reads: that saves memory, and is why layers are tapped in the other one. With
    a team, batch norm sees the batches of all its processes.
    """
    training = twin(network).train()
    for layer in _overwriting(graph):
        training.layer(layer.name).inplace = True
    for module in training.modules():
        if isinstance(module, BatchNorm):
            module.team = team
    for layer in graph.layers:
        if layer.op.kind == "batch_norm" and layer.frozen:
            training.layer(layer.name).eval()
    return training


def twin(network: Network, others: Mapping[int, Tensor] = MappingProxyType({})) -> Network:
    """The same network on the same memory.

    Args:
        network: The network.
        others: Tensors in place of some of its own, by the ``id`` of those.
    """
    own = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    return copy.deepcopy(network, own | dict(others))


def plan(graph: Graph, targets: Sequence[str]) -> tuple[Call, ...]:
    """What to call for the activations of ``targets``, in order.

    Raises:
        NetworkInvalid: If there is no such layer.
    """
    layers = graph.needed_for(targets)
    names = attributes(graph)
    last_reader = {source: layer.name for layer in layers for source in layer.inputs if source not in targets}
    return tuple(
        Call(
            layer.name,
            names[layer.name],
            layer.inputs,
            layer.op.kind in DRAWING,
            tuple(source for source, reader in last_reader.items() if reader == layer.name),
        )
        for layer in layers
    )


def attributes(graph: Graph) -> dict[str, str]:
    """The name of each layer in the module: an identifier that neither torch nor another layer uses."""
    names: dict[str, str] = {}
    taken = {*dir(Network), "training"}
    for layer in graph.layers:
        name = re.sub(r"\W", "_", layer.name)
        while name in taken:
            name += "_"
        taken.add(name)
        names[layer.name] = name
    return names


def _overwriting(graph: Graph) -> list[Layer]:
    """Rectifiers that may overwrite their input: nobody else reads it, and its own gradient does not need it."""
    readers = [source for layer in graph.layers for source in layer.inputs]
    heads = {graph.output, *(loss.logits for loss in graph.losses)}
    return [
        layer
        for layer in graph.layers
        if layer.op.kind == "relu"
        and graph.layer(layer.inputs[0]).op.kind in _OVERWRITABLE
        and readers.count(layer.inputs[0]) == 1
        and layer.inputs[0] not in heads
    ]
