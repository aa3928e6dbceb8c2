"""LeNet in PyTorch by hand: a best-practice loop over pictures in memory, channels-last and with a fused optimiser."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn


class Normalise(nn.Module):
    """uint8 ``[B, H, W, C]`` to float ``[B, C, H, W]``, centred and scaled."""

    def __init__(self, mean: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)

    def forward(self, images: Tensor) -> Tensor:
        return (images.permute(0, 3, 1, 2).float() - self.mean) / 80


def lenet(mean: Tensor) -> nn.Sequential:
    """Caffe's LeNet behind its normalisation."""
    return nn.Sequential(
        Normalise(mean),
        nn.Conv2d(1, 20, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(800, 500),
        nn.ReLU(inplace=True),
        nn.Linear(500, 10),
    )


def make_runner(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int32],
    batch: int,
    rate: float,
    momentum: float,
    decay: float,
) -> Callable[[int], float]:
    """A function that trains for some steps, waits for them, and gives the last loss.

    Args:
        images: uint8 ``[N, 28, 28, 1]``.
        labels: int32 ``[N]``.
        batch: Pictures per step.
        rate: Learning rate.
        momentum: Share of the last step that is kept.
        decay: L2 weight decay.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pictures = torch.from_numpy(images).to(device)
    targets = torch.from_numpy(labels).to(device, torch.int64)
    mean = pictures.permute(0, 3, 1, 2).float().mean(0, keepdim=True)
    model = lenet(mean).to(device, memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum, weight_decay=decay, fused=True)
    criterion = nn.CrossEntropyLoss()
    order: list[Tensor] = []

    def indices() -> Tensor:
        if not order:
            order.extend(torch.randperm(len(pictures), device=device).split(batch)[: len(pictures) // batch])
        return order.pop()

    def run(steps: int) -> float:
        for _ in range(steps):
            chosen = indices()
            optimiser.zero_grad(set_to_none=True)
            loss = criterion(model(pictures[chosen]), targets[chosen])
            loss.backward()
            optimiser.step()
        return loss.item()

    return run
