"""A graph as a picture: from the input down, branches side by side, blocks in frames.

A box is a layer; what only follows it, like its activation, is a strip at its foot. Layers whose names begin alike lie
in one frame, which is laid out by itself: what it takes enters at its upper side and leaves at its lower side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from digits_core.graph.boxes import BOX_WIDTH, cost, kinds_shown, shape_label, stack_height, stack_shapes
from digits_core.graph.diagram import Block, Stack, diagram
from digits_core.graph.graph import Graph
from digits_core.graph.layout import Edge, Layout, Link, Node, place
from digits_core.graph.scene import Box, Curve, Scene, Shape, Text, Tip

ROW_GAP, FRAME_GAP, PADDING, MARGIN, HEADER = 44.0, 46.0, 18.0, 24.0, 96.0
_PORT_WIDTH = 20.0
_LEGEND_WIDTH = 118.0


@dataclass(frozen=True, slots=True)
class _Placed:
    """A block with its own layout.

    Attributes:
        block: The block.
        layout: Where its stacks and ports lie, from its own upper left corner.
        boxes: Places of its stacks.
        entries: Where what it takes enters, by what is taken.
        exits: Where what it gives leaves, by stack.
    """

    block: Block
    layout: Layout
    boxes: Mapping[Stack, Node]
    entries: Mapping[Stack, Node]
    exits: Mapping[Stack, Node]

    @property
    def padding(self) -> float:
        """Room between the frame and what it holds."""
        return PADDING if self.block.name else 0.0

    @property
    def width(self) -> float:
        """Width of the frame."""
        return self.layout.width + 2 * self.padding

    def offset(self, port: Node) -> float:
        """How far right of the middle of the frame a port is."""
        return port.x - self.layout.width / 2


def draw(graph: Graph) -> Scene:
    """The graph as a picture.

    Boxes show name, operation, its fields where they differ from the defaults, parameters and FLOPs; below each box is
    the shape that it gives.
    """
    blocks = diagram(graph)
    taken = {
        source for block in blocks for stack in block.stacks for source in stack.sources if source not in block.stacks
    }
    placed = [_inside(block, taken) for block in blocks]
    layout, nodes = _outside(placed)
    width = max(layout.width, _LEGEND_WIDTH * len(kinds_shown(graph))) + 2 * MARGIN
    shapes = [*_header(graph, width)]
    left = (width - layout.width) / 2
    shapes += _links(layout, left, HEADER)
    for part, node in zip(placed, nodes, strict=True):
        shapes += _block(part, left + node.x - part.width / 2, HEADER + node.y, graph)
    return Scene(graph.name, width, HEADER + layout.height + ROW_GAP, tuple(shapes))


def _inside(block: Block, taken: set[Stack]) -> _Placed:
    """Lay out the stacks of a block between ports for what enters and what leaves."""
    boxes = {stack: Node(BOX_WIDTH, stack_height(stack)) for stack in block.stacks}
    if not block.name:
        (stack,) = block.stacks
        ports = dict.fromkeys(stack.sources, boxes[stack])
        return _Placed(block, place([*boxes.values()], [], row_gap=ROW_GAP), boxes, ports, boxes)
    outer = dict.fromkeys(source for stack in block.stacks for source in stack.sources if source not in boxes)
    entries = {source: Node(_PORT_WIDTH, 0.0, way=True) for source in outer}
    nodes = [*entries.values(), *boxes.values()]
    index = {stack: number for number, stack in enumerate([*outer, *boxes])}
    edges = [Edge(index[source], index[stack]) for stack in block.stacks for source in stack.sources]
    depth: dict[Stack, int] = {}
    for stack in block.stacks:
        depth[stack] = 1 + max((depth.get(source, 0) for source in stack.sources), default=0)
    exits = {}
    for stack in block.stacks:
        if stack in taken:
            exits[stack] = Node(_PORT_WIDTH, 0.0, row=max(depth.values()) + 1, way=True)
            edges.append(Edge(index[stack], len(nodes)))
            nodes.append(exits[stack])
    return _Placed(block, place(nodes, edges, row_gap=ROW_GAP), boxes, entries, exits)


def _outside(placed: Sequence[_Placed]) -> tuple[Layout, list[Node]]:
    """Lay out the blocks."""
    home = {stack: number for number, part in enumerate(placed) for stack in part.boxes}
    nodes = [
        Node(part.width, part.layout.height + (0 if part.exits or not part.block.name else PADDING)) for part in placed
    ]
    edges = []
    for number, part in enumerate(placed):
        for source, entry in part.entries.items():
            giver = placed[home[source]]
            edges.append(Edge(home[source], number, giver.offset(giver.exits[source]), part.offset(entry)))
    return place(nodes, edges, row_gap=FRAME_GAP), nodes


def _block(part: _Placed, x: float, y: float, graph: Graph) -> Iterator[Shape]:
    """A block with its upper left corner at (x, y)."""
    inner = x + part.padding
    name = part.block.name
    if name:
        foot = 0 if part.exits else PADDING
        yield Box(x, y, part.width, part.layout.height + foot, "#fafbfc", "#c3c9d1", 1.2, 10)
        layers = [layer for stack in part.block.stacks for layer in stack.layers]
        weights, flops = sum(layer.parameter_count for layer in layers), sum(layer.flops for layer in layers)
        yield from _links(part.layout, inner, y)
        yield Text(x + 12, y + 19, name, 12, "#444c56", bold=True, anchor="start", halo=True)
        yield Text(x + 12, y + 34, cost(weights, 0), 10, "#6b737d", anchor="start", halo=True)
        yield Text(x + part.width - 12, y + 19, cost(0, flops), 10, "#6b737d", anchor="end", halo=True)
    for stack, node in part.boxes.items():
        left, top = inner + node.x - BOX_WIDTH / 2, y + node.y
        yield from stack_shapes(stack, left, top, prefix=name, output=graph.output)
        yield _size(stack, node, left + BOX_WIDTH / 2, top + node.height)
        if stack.sources:
            yield Tip(left + BOX_WIDTH / 2, top)


def _size(stack: Stack, node: Node, x: float, y: float) -> Text:
    """The shape that a box gives, on the side that what leaves it does not turn to."""
    size = shape_label(stack.layers[-1].output)
    if sum(link.target.x - node.x for link in node.below) > 1:
        return Text(x - 8, y + 14, size, 10, "#444444", anchor="end", halo=True)
    return Text(x + 8, y + 14, size, 10, "#444444", anchor="start", halo=True)


def _links(layout: Layout, x: float, y: float) -> Iterator[Shape]:
    for row in layout.rows:
        foot = max(node.y + node.height for node in row)
        for node in row:
            if node.way and node.height:
                yield _line((x + node.x, y + node.y), (x + node.x, y + node.y + node.height))
            for link in node.below:
                yield from _link(link, foot, x, y)


def _link(link: Link, foot: float, x: float, y: float) -> Iterator[Shape]:
    """What leads from one row to the next; a box that ends above the foot of its row is led to it first."""
    start, end = x + link.source.x + link.leaves, x + link.target.x + link.arrives
    bottom, top = y + foot, y + link.target.y
    if link.source.y + link.source.height < foot:
        yield _line((start, y + link.source.y + link.source.height), (start, bottom))
    middle = (bottom + top) / 2
    yield Curve(((start, bottom), (start, middle), (end, middle), (end, top)))


def _line(start: tuple[float, float], end: tuple[float, float]) -> Curve:
    return Curve((start, start, end, end))


def _header(graph: Graph, width: float) -> Iterator[Shape]:
    yield Text(width / 2, 30, graph.name, 19, bold=True)
    yield Text(width / 2, 50, cost(graph.parameter_count, graph.flops, long=True), 12, "#555555")
    kinds = kinds_shown(graph)
    left = width / 2 - len(kinds) * _LEGEND_WIDTH / 2
    for index, (word, (fill, border)) in enumerate(kinds.items()):
        here = left + index * _LEGEND_WIDTH
        yield Box(here, 65, 14, 14, fill, border, radius=3)
        yield Text(here + 20, 76, word, 11, "#444444", anchor="start")
