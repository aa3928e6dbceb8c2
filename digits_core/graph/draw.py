"""A graph as an SVG picture: one box per layer, from the input down, branches side by side.

Every layer lies below all layers it takes (longest path from the input). An edge that skips rows is led through them
by way points, which take part in the ordering like boxes, so that it passes beside what it skips.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from digits_core.graph.graph import Graph, Layer
from digits_core.graph.shapes import Shape
from digits_core.units import format_count

BOX_WIDTH, BOX_HEIGHT = 250, 62
ROW_HEIGHT, COLUMN_GAP, WAY_POINT_WIDTH, MARGIN, HEADER = 104, 28, 24, 24, 56

#: Fill and border by kind of operation; what is not listed is gray.
COLOURS = {
    kind: colours
    for colours, kinds in {
        ("#e8eef7", "#5b7db1"): ("input",),
        ("#dcebfb", "#2f6fb5"): ("conv",),
        ("#e6defa", "#6f4fb5"): ("dense", "attention"),
        ("#dff3e4", "#2f8f54"): ("max_pool", "average_pool", "global_average_pool"),
        ("#fdeede", "#c9791f"): ("relu", "relu6", "tanh", "sigmoid", "silu", "gelu", "hard_sigmoid", "hard_swish"),
        ("#f6e3e8", "#b04a66"): ("dropout", "stochastic_depth"),
        ("#f5f3d7", "#8f8420"): ("batch_norm", "layer_norm", "lrn", "channel_scale", "softmax"),
        ("#e4f4f4", "#2b8a8a"): ("concat", "add", "multiply", "position"),
    }.items()
    for kind in kinds
}
_OTHER = ("#eeeeee", "#777777")


@dataclass(eq=False)
class _Node:
    """A box, or a way point of an edge that skips rows."""

    layer: Layer | None
    parents: list[_Node] = field(default_factory=list)
    x: float = 0
    row: int = 0

    @property
    def width(self) -> int:
        return BOX_WIDTH if self.layer else WAY_POINT_WIDTH


def draw(graph: Graph) -> str:
    """The graph as one SVG document.

    Boxes show name, operation, its fields where they differ from the defaults, parameters and FLOPs; edges show the
    shape that flows along them.
    """
    rows = _rows(graph)
    for row in rows:
        _place(row)
    nodes = [node for row in rows for node in row]
    left = min(node.x - node.width / 2 for node in nodes) - MARGIN
    width = max(node.x + node.width / 2 for node in nodes) + MARGIN - left
    height = HEADER + len(rows) * ROW_HEIGHT
    middle = left + width / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left:g} 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" font-family="Helvetica, Arial, sans-serif">',
        f"<title>{escape(graph.name)}</title>",
        f'<rect x="{left:g}" width="{width:g}" height="{height:g}" fill="#ffffff"/>',
        _text(middle, 24, graph.name, size=17, weight="bold"),
        _text(middle, 42, _cost(graph.parameter_count, graph.flops, long=True), size=11, fill="#555555"),
        *(edge for node in nodes for edge in _edges(node)),
        *(_box(node, node.layer, graph.output) for node in nodes if node.layer),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _rows(graph: Graph) -> list[list[_Node]]:
    """Boxes and way points by row; a layer's row is the longest path to it."""
    nodes: dict[str, _Node] = {}
    rows: list[list[_Node]] = []
    for layer in graph.layers:
        node = _Node(layer, row=max((nodes[source].row + 1 for source in layer.inputs), default=0))
        nodes[layer.name] = node
        rows += [[] for _ in range(node.row + 1 - len(rows))]
        node.parents = [_led_to(nodes[source], node.row, rows) for source in layer.inputs]
        rows[node.row].append(node)
    return rows


def _led_to(source: _Node, row: int, rows: list[list[_Node]]) -> _Node:
    for between in range(source.row + 1, row):
        source = _Node(None, [source], row=between)
        rows[between].append(source)
    return source


def _place(row: list[_Node]) -> None:
    """Put every node of a row under the middle of its parents, as far as its neighbours let it."""
    wanted = {node: sum(parent.x for parent in node.parents) / max(len(node.parents), 1) for node in row}
    row.sort(key=wanted.__getitem__)
    for before, node in zip([None, *row], row, strict=False):
        closest = before.x + (before.width + node.width) / 2 + COLUMN_GAP if before else wanted[node]
        node.x = max(wanted[node], closest)
    shift = sum(wanted[node] - node.x for node in row) / len(row)
    for node in row:
        node.x += shift


def _edges(node: _Node) -> Iterator[str]:
    """What leads to a node from above, straight through a way point, and the shape that leaves a box."""
    top = HEADER + node.row * ROW_HEIGHT
    gap = ROW_HEIGHT - BOX_HEIGHT
    for parent in node.parents:
        turn = f"{parent.x:g} {top - gap / 2:g} {node.x:g} {top - gap / 2:g}"
        yield _line(f"M{parent.x:g} {top - gap:g} C{turn} {node.x:g} {top:g}")
    if node.layer is None:
        yield _line(f"M{node.x:g} {top:g} V{top + BOX_HEIGHT:g}")
        return
    if node.parents:
        yield f'<path d="M{node.x - 4:g} {top - 7:g} L{node.x:g} {top:g} L{node.x + 4:g} {top - 7:g}z" fill="#8a8f98"/>'
    yield _text(node.x + 8, top + BOX_HEIGHT + 16, _shape(node.layer.output), size=10, fill="#444444", anchor="start")


def _line(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="#8a8f98" stroke-width="1.4"/>'


def _box(node: _Node, layer: Layer, output: str) -> str:
    fill, border = COLOURS.get(layer.op.kind, _OTHER)
    top = HEADER + node.row * ROW_HEIGHT
    lines = [
        _text(node.x, top + 20, _short(layer.name, 26), size=13, weight="bold"),
        _text(node.x, top + 37, _short(_operation(layer), 47), size=10, fill="#333333"),
    ]
    cost = _cost(layer.parameter_count, layer.flops) or ("gives the logits" if layer.name == output else "")
    if cost:
        lines.append(_text(node.x, top + 53, cost, size=10, fill="#555555"))
    stroke = 2.6 if layer.name == output else 1.3
    return (
        f"<g><title>{escape(layer.name)}: {escape(_operation(layer))} → {_shape(layer.output)}</title>"
        f'<rect x="{node.x - BOX_WIDTH / 2:g}" y="{top:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="7" '
        f'fill="{fill}" stroke="{border}" stroke-width="{stroke}"/>{"".join(lines)}</g>'
    )


def _operation(layer: Layer) -> str:
    """``conv: filters 20, kernel 5`` and the like: the kind, and the fields that are not at their defaults."""
    given = layer.op.model_dump(mode="json", exclude_defaults=True)
    flags_last = sorted(given.items(), key=lambda item: isinstance(item[1], bool))
    shown = [_field(key, value) for key, value in flags_last if not isinstance(value, dict)]
    if layer.op.kind == "input":
        shown = [_shape(layer.output), *(text for text in shown if text.split()[0] in {"scale", "mean"})]
    kind = layer.op.kind.replace("_", " ")
    return f"{kind}: {', '.join(shown)}" if shown else kind


def _field(key: str, value: object) -> str:
    word = key.replace("_", " ")
    if isinstance(value, bool):
        return word if value else f"no {word}"
    if isinstance(value, list):
        return f"{word} {_shape(value[:1] if len(set(value)) == 1 else value)}"
    return f"{word} {value:.4g}" if isinstance(value, float) else f"{word} {value}"


def _shape(shape: Shape | Iterable[int]) -> str:
    return "×".join(str(size) for size in shape)


def _cost(parameters: int, flops: int, *, long: bool = False) -> str:
    parts = [f"{format_count(parameters)} {'parameters' if long else 'weights'}"] if parameters or long else []
    scale, unit = (
        (1e9, "G") if flops >= 1e9 else (1e6, "M") if flops >= 1e6 else (1e3, "k") if flops >= 1e3 else (1, "")
    )
    parts += [f"{flops / scale:.4g} {unit}FLOP" + (" per picture" if long else "")] if flops else []
    return " · ".join(parts)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _text(
    x: float, y: float, text: str, *, size: int, weight: str = "normal", fill: str = "#111111", anchor: str = "middle"
) -> str:
    halo = 3 if anchor == "start" else 0  # edge labels stay readable where a curve passes behind them
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight={quoteattr(weight)} fill={quoteattr(fill)} '
        f'text-anchor={quoteattr(anchor)} paint-order="stroke" stroke="#ffffff" stroke-width="{halo}">'
        f"{escape(text)}</text>"
    )
