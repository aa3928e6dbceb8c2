"""The networks in ``torch.nn``; GoogLeNet gives the logits of its auxiliary classifiers after the main ones."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from digits_networks.googlenet import BLOCKS
from digits_networks.resnet import STAGES


def lenet(classes: int) -> nn.Module:
    """Caffe's LeNet."""
    return nn.Sequential(
        nn.Conv2d(1, 20, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(800, 500),
        nn.ReLU(inplace=True),
        nn.Linear(500, classes),
    )


def alexnet(classes: int) -> nn.Module:
    """Caffe's AlexNet for 227×227."""
    return nn.Sequential(
        nn.Conv2d(3, 96, 11, stride=4),
        nn.ReLU(inplace=True),
        nn.LocalResponseNorm(5),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Conv2d(96, 256, 5, padding=2, groups=2),
        nn.ReLU(inplace=True),
        nn.LocalResponseNorm(5),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Conv2d(256, 384, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(384, 384, 3, padding=1, groups=2),
        nn.ReLU(inplace=True),
        nn.Conv2d(384, 256, 3, padding=1, groups=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Flatten(),
        nn.Linear(9216, 4096),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.Linear(4096, 4096),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.Linear(4096, classes),
    )


class Inception(nn.Module):
    """Four branches side by side."""

    def __init__(self, channels: int, filters: tuple[int, ...]) -> None:
        super().__init__()
        one, three_reduce, three, five_reduce, five, projection = filters
        self.one = convolved(channels, one, 1)
        self.three = nn.Sequential(convolved(channels, three_reduce, 1), convolved(three_reduce, three, 3))
        self.five = nn.Sequential(convolved(channels, five_reduce, 1), convolved(five_reduce, five, 5))
        self.pooled = nn.Sequential(nn.MaxPool2d(3, 1, 1), convolved(channels, projection, 1))
        self.channels = one + three + five + projection

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((self.one(x), self.three(x), self.five(x), self.pooled(x)), 1)


class Googlenet(nn.Module):
    """Caffe's GoogLeNet for 224×224."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        parts: list[nn.Module] = [
            nn.Sequential(
                convolved(3, 64, 7, 2),
                nn.MaxPool2d(3, 2, ceil_mode=True),
                nn.LocalResponseNorm(5),
                convolved(64, 64, 1),
                convolved(64, 192, 3),
                nn.LocalResponseNorm(5),
                nn.MaxPool2d(3, 2, ceil_mode=True),
            )
        ]
        channels = 192
        for name, filters in BLOCKS.items():
            block = Inception(channels, filters)
            channels = block.channels
            parts[-1].append(block)
            if name in ("3b", "4e"):
                parts[-1].append(nn.MaxPool2d(3, 2, ceil_mode=True))
            if name in ("4a", "4d"):
                parts.append(nn.Sequential())
        self.parts = nn.ModuleList(parts)
        self.heads = nn.ModuleList([auxiliary(512, classes), auxiliary(528, classes)])
        self.main = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.4), nn.Linear(channels, classes))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        first = self.parts[0](x)
        second = self.parts[1](first)
        return self.main(self.parts[2](second)), self.heads[0](first), self.heads[1](second)


class Bottleneck(nn.Module):
    """``relu(branch(x) + x)``."""

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            *normalised(channels, filters, 1),
            nn.ReLU(inplace=True),
            *normalised(filters, filters, 3, stride),
            nn.ReLU(inplace=True),
            *normalised(filters, 4 * filters, 1),
        )
        same = stride == 1 and channels == 4 * filters
        self.shortcut = nn.Identity() if same else nn.Sequential(*normalised(channels, 4 * filters, 1, stride))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.branch(x) + self.shortcut(x))


def resnet50(classes: int) -> nn.Module:
    """ResNet-50, strides in the 3×3 convolutions."""
    layers = [*normalised(3, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for stage, count in enumerate(STAGES[50]):
        for number in range(count):
            layers.append(Bottleneck(channels, 64 * 2**stage, 2 if stage and not number else 1))
            channels = 4 * 64 * 2**stage
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


def convolved(channels: int, filters: int, kernel: int, stride: int = 1) -> nn.Module:
    """A convolution that keeps the size but for its stride, and a rectifier."""
    return nn.Sequential(nn.Conv2d(channels, filters, kernel, stride, kernel // 2), nn.ReLU(inplace=True))


def normalised(channels: int, filters: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """A convolution and a batch norm."""
    return [nn.Conv2d(channels, filters, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(filters)]


def auxiliary(channels: int, classes: int) -> nn.Module:
    """A classifier beside the path."""
    return nn.Sequential(
        nn.AvgPool2d(5, 3, ceil_mode=True),
        convolved(channels, 128, 1),
        nn.Flatten(),
        nn.Linear(2048, 1024),
        nn.ReLU(inplace=True),
        nn.Dropout(0.7),
        nn.Linear(1024, classes),
    )


NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "lenet": lenet,
    "alexnet": alexnet,
    "googlenet": Googlenet,
    "resnet-50": resnet50,
}
