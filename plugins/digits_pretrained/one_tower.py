"""AlexNet in one tower, as torchvision has it; Caffe's, which is the family ``alexnet``, is another network.

Source: Krizhevsky, *One weird trick for parallelizing convolutional neural networks*, 2014,
https://arxiv.org/abs/1404.5997. It has fewer filters, no groups and no normalisation between layers.
"""

from __future__ import annotations

from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.ops import Conv, Dense, Dropout, MaxPool, Relu

ONE_TOWER = "alexnet-one-tower"
USUAL_INPUT = NetworkInput(channels=3, height=224, width=224, classes=1000)
#: Filters, kernel, stride and padding of each convolution.
CONVS = ((64, 11, 4, 2), (192, 5, 1, 2), (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1))
POOLED = frozenset({1, 2, 5})
HIDDEN, SCALE = 4096, 1 / 57.6


def one_tower(input: NetworkInput) -> Graph:
    """The network for pictures of any size that leaves something after its poolings."""
    network = NetworkBuilder(ONE_TOWER, input.op(SCALE))
    for number, (filters, kernel, stride, padding) in enumerate(CONVS, 1):
        network.add(f"conv{number}", Conv(filters=filters, kernel=kernel, stride=stride, padding=padding))
        network.add(f"relu{number}", Relu())
        if number in POOLED:
            network.add(f"pool{number}", MaxPool(kernel=3, stride=2))
    for number in (6, 7):
        network.add(f"drop{number}", Dropout(rate=0.5)).add(f"fc{number}", Dense(units=HIDDEN))
        network.add(f"relu{number}", Relu())
    return network.add("fc8", Dense(units=input.classes)).graph()
