"""A PyTorch loop by hand: best practice over pictures in memory, channels-last and with a fused optimiser."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.handwritten.runner import AUXILIARY, SPREAD, Labels, Pixels, Precision, Runner
from benchmarks.handwritten.torch_networks import NETWORKS
from digits_core.spec.solver import Sgd


class Normalise(nn.Module):
    """uint8 ``[B, H, W, C]`` to float ``[B, C, H, W]``, centred and scaled."""

    def __init__(self, mean: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)

    def forward(self, images: Tensor) -> Tensor:
        return (images.permute(0, 3, 1, 2).float() - self.mean) / SPREAD


def make_runner(
    network: str, images: Pixels, labels: Labels, classes: int, batch: int, solver: Sgd, precision: Precision = "fp32"
) -> Runner:
    """Train a network from random weights.

    Args:
        network: Its name.
        images: uint8 ``[N, H, W, C]``.
        labels: int32 ``[N]``.
        classes: How many there are.
        batch: Pictures per step.
        solver: Rate, momentum and decay.
        precision: Number format of activations; weights are fp32.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pictures = torch.from_numpy(images).to(device)
    targets = torch.from_numpy(labels).to(device, torch.int64)
    mean = torch.from_numpy(images.mean(axis=0, dtype="f8")).float().permute(2, 0, 1)[None]
    model = nn.Sequential(Normalise(mean), NETWORKS[network](classes))
    model = model.to(device, memory_format=torch.channels_last).train()
    optimiser = torch.optim.SGD(
        model.parameters(), solver.rate, solver.momentum, weight_decay=solver.weight_decay, fused=True
    )
    lowered = torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
    order: list[Tensor] = []

    def indices() -> Tensor:
        if not order:
            order.extend(torch.randperm(len(pictures), device=device).split(batch)[: len(pictures) // batch])
        return order.pop()

    def steps(count: int) -> float:
        for _ in range(count):
            chosen = indices()
            optimiser.zero_grad(set_to_none=True)
            with lowered:
                loss = loss_of(model(pictures[chosen]), targets[chosen])
            loss.backward()
            optimiser.step()
        return loss.item()

    return Runner(steps, sum(weight.numel() for weight in model.parameters()))


def loss_of(logits: Tensor | tuple[Tensor, ...], targets: Tensor) -> Tensor:
    """Cross entropy, that of auxiliary classifiers in part."""
    if isinstance(logits, Tensor):
        return F.cross_entropy(logits, targets)
    main, *auxiliary = logits
    return F.cross_entropy(main, targets) + AUXILIARY * sum(F.cross_entropy(one, targets) for one in auxiliary)
