"""Native networks: a module out of a person's file, run as one layer of a graph."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from digits_core.contracts.native import NativeArrays, module_problem, native_problem, require_logits, run_network
from digits_core.errors import NetworkInvalid
from digits_core.graph.dropout import mask_key
from digits_core.graph.graph import Layer, NetworkInput
from digits_core.graph.native import NATIVE, Native
from digits_torch.layers import Draw
from digits_torch.layers.noise import mix


class Foreign(nn.Module):
    """A module of somebody else, whose random numbers follow seed and step while it is trained.

    Args:
        inner: The module.
        key: 32-bit number of the seed.
    """

    def __init__(self, inner: nn.Module, key: int) -> None:
        super().__init__()
        self.inner, self.key = inner, key

    def forward(self, x: Tensor, draw: Draw | None = None) -> Tensor:
        """Logits of pictures.

        Args:
            x: ``[B, C, H, W]``.
            draw: What dropout and the like follow; None: torch's generator as it stands.
        """
        if not self.training or draw is None:
            return self.inner(x)
        first = 0 if draw.first is None else int(draw.first)
        with torch.random.fork_rng([x.device] if x.device.type != "cpu" else [], device_type=_kind(x.device)):
            torch.manual_seed(_seed(self.key, int(draw.step), first))
            return self.inner(x)

    def arrays(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """What is trained, each once however often it is used, and what is kept besides, by torch's names."""
        parameters = dict(self.inner.named_parameters())
        trained = {name: weight for name, weight in parameters.items() if weight.requires_grad}
        buffers = {
            name: value
            for name, value in self.inner.state_dict(keep_vars=True).items()
            if not isinstance(value, nn.Parameter) and isinstance(value, Tensor)
        }
        return trained, {name: weight for name, weight in parameters.items() if name not in trained} | buffers


def build_foreign(layer: Layer, seed: int) -> nn.Module:
    """The module of a native layer; its weights are filled in by whoever builds the network."""
    op = layer.op
    assert isinstance(op, Native)
    channels, height, width = layer.input_shapes[0]
    return Foreign(_module(op, NetworkInput(channels, height, width, op.classes), seed), mask_key(seed, NATIVE))


def start_arrays(op: Native, input: NetworkInput, seed: int) -> NativeArrays:
    """The arrays of a native network as torch starts them under ``seed``, after a trial with two pictures."""
    foreign = Foreign(_module(op, input, seed), 0)
    _try(op, foreign, input)
    trained, kept = ({name: value.detach().numpy().copy() for name, value in part.items()} for part in foreign.arrays())
    return NativeArrays(trained, kept)


def _module(op: Native, input: NetworkInput, seed: int) -> nn.Module:
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        module = run_network(op, input)
    if not isinstance(module, nn.Module):
        raise NetworkInvalid(module_problem(op, "torch.nn.Module", module))
    return module


def _try(op: Native, foreign: Foreign, input: NetworkInput) -> None:
    pictures = torch.zeros(2, input.channels, input.height, input.width)
    try:
        with torch.no_grad():
            logits = foreign.eval()(pictures)
    except Exception as reason:
        raise NetworkInvalid(native_problem(op, reason)) from reason
    require_logits(op, input, tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__)


def _seed(key: int, step: int, first: int) -> int:
    word = mix(torch.tensor(step, dtype=torch.int32)) + first
    return (key << 32) | (int(mix(word)) & 0xFFFFFFFF)


def _kind(device: torch.device) -> str:
    return "cuda" if device.type == "cpu" else device.type
