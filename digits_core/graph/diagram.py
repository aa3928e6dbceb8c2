"""What a drawing of a graph consists of: stacks of layers that follow each other at once, and blocks of stacks."""

from __future__ import annotations

import graphlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from digits_core.graph.graph import Graph, Layer
from digits_core.graph.groups import group_of

#: Operations that are drawn as a strip below the layer they take.
FOLLOWERS = frozenset(
    {"relu", "relu6", "tanh", "sigmoid", "silu", "gelu", "hard_sigmoid", "hard_swish", "softmax"}
    | {"batch_norm", "layer_norm", "lrn", "dropout", "stochastic_depth", "channel_scale", "flatten"}
)


@dataclass(eq=False, slots=True)
class Stack:
    """A layer, and those that do nothing but follow it.

    Attributes:
        layers: From the first to the last.
        group: What the block is called that they belong to; empty: none.
        sources: Stacks that are taken.
    """

    layers: list[Layer]
    group: str
    sources: list[Stack] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Block:
    """Stacks that are drawn in one frame, or a single one without.

    Attributes:
        name: What the frame says; empty: there is none.
        stacks: In computing order.
    """

    name: str
    stacks: list[Stack]


def diagram(graph: Graph) -> list[Block]:
    """The blocks of a graph, each after all that it takes."""
    stacks = _stacks(graph)
    members = Counter(stack.group for stack in stacks)
    framed = {group for group, count in members.items() if group and count > 1}
    while True:
        blocks: dict[object, Block] = {}
        for stack in stacks:
            key: object = stack.group if stack.group in framed else stack
            name = stack.group if stack.group in framed else ""
            blocks.setdefault(key, Block(name, [])).stacks.append(stack)
        try:
            return _sorted(blocks)
        except graphlib.CycleError as cycle:
            # Names say that layers belong together, but what lies between them does not: no frame can hold them.
            framed -= {block.name for block in cycle.args[1]}


def _stacks(graph: Graph) -> list[Stack]:
    takers = Counter(source for layer in graph.layers for source in layer.inputs)
    stack_of: dict[str, Stack] = {}
    stacks: list[Stack] = []
    for layer in graph.layers:
        group = group_of(layer.name)
        if layer.op.kind in FOLLOWERS and takers[layer.inputs[0]] == 1 and stack_of[layer.inputs[0]].group == group:
            stack = stack_of[layer.inputs[0]]
            stack.layers.append(layer)
        else:
            stack = Stack([layer], group, [stack_of[source] for source in dict.fromkeys(layer.inputs)])
            stacks.append(stack)
        stack_of[layer.name] = stack
    return stacks


def _sorted(blocks: Mapping[object, Block]) -> list[Block]:
    block_of = {stack: block for block in blocks.values() for stack in block.stacks}
    taken = {block: {block_of[source] for stack in block.stacks for source in stack.sources} - {block}
             for block in blocks.values()}  # fmt: skip
    order = {block: index for index, block in enumerate(blocks.values())}
    sorter = graphlib.TopologicalSorter(taken)
    sorter.prepare()
    found: list[Block] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=order.__getitem__)
        found += ready
        sorter.done(*ready)
    return found
