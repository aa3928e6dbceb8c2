"""Boxes of any size in rows: every box lies below all that lead to it, and edges that skip rows pass between boxes.

Source: Sugiyama, Tagawa, Toda, *Methods for Visual Understanding of Hierarchical System Structures*, 1981,
https://doi.org/10.1109/TSMC.1981.4308636. Rows are longest paths, edges that skip rows get way points, neighbours are
ordered by the mean of what they are connected to, and places are the least squares of those means that keep the order.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

COLUMN_GAP, WAY_WIDTH = 26.0, 20.0
#: Sweeps down and up in which order and places settle.
_ORDERINGS, _PLACEMENTS = 6, 160
#: An edge that is the only one at both of its ends is to be straight rather than others.
_ONLY_WEIGHT = 8.0


@dataclass(eq=False, slots=True)
class Node:
    """A box, or a way point of an edge that skips rows.

    Attributes:
        width: Its width.
        height: Its height.
        row: The row it lies in; before it is placed, the least one.
        x: Its middle.
        y: Its upper side.
        way: Whether it is a way point.
        above: What leads to it.
        below: What leads from it.
        depth: How many rows depend on it; of two that want one place, the one that more depends on gets it.
    """

    width: float
    height: float
    row: int = 0
    x: float = 0.0
    y: float = 0.0
    way: bool = False
    above: list[Link] = field(default_factory=list)
    below: list[Link] = field(default_factory=list)
    depth: int = 1


@dataclass(eq=False, slots=True)
class Link:
    """An edge between neighbouring rows.

    Attributes:
        source: Where it leaves.
        target: Where it arrives.
        leaves: How far right of the middle of the source it leaves.
        arrives: How far right of the middle of the target it arrives.
    """

    source: Node
    target: Node
    leaves: float = 0.0
    arrives: float = 0.0


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge as it is asked for, between any two boxes of a list; offsets as in `Link`."""

    source: int
    target: int
    leaves: float = 0.0
    arrives: float = 0.0


@dataclass(frozen=True, slots=True)
class Layout:
    """Placed boxes.

    Attributes:
        rows: Boxes and way points by row, from left to right.
        width: Width of everything; the leftmost side is at 0.
        height: Height of everything; the upper side is at 0.
    """

    rows: list[list[Node]]
    width: float
    height: float


def place(nodes: Sequence[Node], edges: Sequence[Edge], *, row_gap: float) -> Layout:
    """Give every node its row and place.

    Args:
        nodes: Boxes, every one after all that lead to it.
        edges: What leads where.
        row_gap: Height between rows.
    """
    rows = _rows(nodes, edges)
    for row in reversed(rows):
        for node in row:
            node.depth = 1 + max((link.target.depth for link in node.below), default=0)
    for turn in range(_ORDERINGS):
        _order(rows, down=turn % 2 == 0)
    for turn in range(_PLACEMENTS):
        _spread(rows, down=turn % 2 == 0)
    left = min(node.x - node.width / 2 for row in rows for node in row)
    y = 0.0
    for row in rows:
        for node in row:
            node.x, node.y = node.x - left, y
        y += max(node.height for node in row) + row_gap
        for node in row:
            node.height = max(other.height for other in row) if node.way else node.height
    width = max(node.x + node.width / 2 for row in rows for node in row)
    return Layout(rows, width, y - row_gap)


def _rows(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[list[Node]]:
    """Rows by longest path, way points included."""
    for target, node in enumerate(nodes):
        sources = [nodes[edge.source].row for edge in edges if edge.target == target]
        node.row = max([node.row, *(row + 1 for row in sources)])
    rows: list[list[Node]] = [[] for _ in range(max(node.row for node in nodes) + 1)]
    for target, node in enumerate(nodes):
        rows[node.row].append(node)
        for edge in edges:
            if edge.target == target:
                _lead(nodes[edge.source], node, edge, rows)
    return rows


def _lead(source: Node, target: Node, edge: Edge, rows: list[list[Node]]) -> None:
    """Connect two boxes, through way points where they are not in neighbouring rows."""
    leaves = edge.leaves
    for row in range(source.row + 1, target.row):
        way = Node(WAY_WIDTH, 0.0, row=row, way=True)
        rows[row].append(way)
        _connect(Link(source, way, leaves))
        source, leaves = way, 0.0
    _connect(Link(source, target, leaves, edge.arrives))


def _connect(link: Link) -> None:
    link.source.below.append(link)
    link.target.above.append(link)


def _order(rows: list[list[Node]], *, down: bool) -> None:
    """Order each row by the mean place of its neighbours in the row that was ordered before it."""
    for row in rows if down else reversed(rows):
        means = {node: _mean_index(node, down=down) for node in row}
        own = {node: (node.x, index) for index, node in enumerate(row)}
        row.sort(key=lambda node: (means[node] if means[node] is not None else own[node][0], own[node][1]))
        for index, node in enumerate(row):
            node.x = index / max(len(row) - 1, 1)


def _mean_index(node: Node, *, down: bool) -> float | None:
    links = node.above if down else node.below
    places = [
        (link.source if down else link.target).x + (link.leaves if down else link.arrives) * 1e-4 for link in links
    ]
    return sum(places) / len(places) if places else None


def _spread(rows: list[list[Node]], *, down: bool) -> None:
    """Move every box towards the middle of what it is connected to, as far as its neighbours let it."""
    for row in rows if down else reversed(rows):
        wanted = [_wanted(node) for node in row]
        distances = [0.0]
        for before, node in itertools.pairwise(row):
            distances.append(distances[-1] + (before.width + node.width) / 2 + COLUMN_GAP)
        targets = [place - distance for (place, _), distance in zip(wanted, distances, strict=True)]
        for node, place, distance in zip(
            row, _monotone(targets, [weight for _, weight in wanted]), distances, strict=True
        ):
            node.x = place + distance


def _wanted(node: Node) -> tuple[float, float]:
    """Where a node would be straight below and above what it is connected to, and how much that counts."""
    above = [(link.source.x + link.leaves - link.arrives, _weight(link)) for link in node.above]
    below = [(link.target.x + link.arrives - link.leaves, _weight(link)) for link in node.below]
    weight = sum(weight for _, weight in (*above, *below))
    return (sum(x * share for x, share in (*above, *below)) / weight, weight) if weight else (node.x, 1e-3)


def _weight(link: Link) -> float:
    only = len(link.source.below) == len(link.target.above) == 1
    return link.target.depth**2 * (_ONLY_WEIGHT if only else 1.0)


def _monotone(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The rising sequence that is closest to ``values`` in weighted least squares, by pooling what falls.

    >>> _monotone([1.0, 4.0, 2.0], [1.0, 1.0, 1.0])
    [1.0, 3.0, 3.0]
    """
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (first, light, few), (second, heavy, many) = pools[-2:]
            pools[-2:] = [((first * light + second * heavy) / (light + heavy), light + heavy, few + many)]
    return [value for value, _, count in pools for _ in range(count)]
