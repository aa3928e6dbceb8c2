"""The boxes of a drawing: what a layer's box says, and its colour."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from digits_core.graph.codec import told_fields
from digits_core.graph.diagram import Stack
from digits_core.graph.graph import Graph, Layer
from digits_core.graph.ops import Input
from digits_core.graph.scene import Box, Shape, Text
from digits_core.graph.shapes import Shape as Size
from digits_core.units import format_count

BOX_WIDTH, BOX_HEIGHT, STRIP_HEIGHT, _LINE = 232.0, 60.0, 21.0, 13.0

#: What the legend says, fill and border, and the kinds of operations that have them.
_FAMILIES: dict[str, tuple[tuple[str, str], tuple[str, ...]]] = {
    "input": (("#e8eef7", "#5b7db1"), ("input",)),
    "convolution": (("#dcebfb", "#2f6fb5"), ("conv",)),
    "dense": (("#e6defa", "#6f4fb5"), ("dense",)),
    "attention": (("#fbdcec", "#b5347a"), ("attention", "tokens", "token", "position")),
    "pooling": (("#dff3e4", "#2f8f54"), ("max_pool", "average_pool", "global_average_pool")),
    "activation": (
        ("#fdeede", "#c9791f"),
        ("relu", "relu6", "tanh", "sigmoid", "silu", "gelu", "hard_sigmoid", "hard_swish", "softmax"),
    ),
    "dropout": (("#f6e3e8", "#b04a66"), ("dropout", "stochastic_depth")),
    "normalisation": (("#f5f3d7", "#8f8420"), ("batch_norm", "layer_norm", "lrn", "channel_scale")),
    "join": (("#e0f4f4", "#2b8a8a"), ("concat", "add", "multiply")),
}
#: Fields that say how a weight learns, not what is computed.
_MINOR = ("_rate", "_decay")
_OTHER = ("other", ("#eeeeee", "#777777"))
#: What the legend says of an operation, and its fill and border.
COLOURS = {kind: (word, colours) for word, (colours, kinds) in _FAMILIES.items() for kind in kinds}


def kinds_shown(graph: Graph) -> dict[str, tuple[str, str]]:
    """Fill and border by what the legend says, for the operations of a graph."""
    shown = dict(COLOURS.get(layer.op.kind, _OTHER) for layer in graph.layers)
    order = [*_FAMILIES, "other"]
    return dict(sorted(shown.items(), key=lambda item: order.index(item[0])))


def stack_height(stack: Stack) -> float:
    """Height of a box with its strips."""
    return _box_height(stack.layers[0]) + STRIP_HEIGHT * (len(stack.layers) - 1)


def stack_shapes(stack: Stack, x: float, y: float, *, prefix: str, output: str) -> Iterator[Shape]:
    """The box of a layer and the strips of those that follow it.

    Args:
        stack: The layers.
        x: Left side.
        y: Upper side.
        prefix: What names begin with that the frame around says already.
        output: Name of the layer that classifies; its border is strong.
    """
    first, *followers = stack.layers
    middle = x + BOX_WIDTH / 2
    foot = y + _box_height(first)
    yield _box(first, x, y, foot - y, output)
    yield Text(middle, y + 20, _short(_local(first, prefix), 28), 13, bold=True)
    for index, line in enumerate(_lines(first)):
        yield Text(middle, y + 36 + _LINE * index, line, 10, "#333333")
    told = cost(first.parameter_count, first.flops)
    if told:
        yield Text(middle, foot - 8, told, 10, "#555555")
    for index, layer in enumerate(followers):
        top = foot + STRIP_HEIGHT * index
        yield _box(layer, x, top, STRIP_HEIGHT, output)
        yield Text(x + 9, top + 14.5, _short(_local(layer, prefix), 18), 10, bold=True, anchor="start")
        told = cost(layer.parameter_count, 0)
        words = " · ".join(filter(None, (_operation(layer), told)))
        yield Text(x + BOX_WIDTH - 9, top + 14.5, _short(words, 28), 10, "#333333", anchor="end")


def shape_label(shape: Size | Iterable[int]) -> str:
    """A shape as people write it.

    >>> shape_label((64, 28, 28))
    '64×28×28'
    """
    return "×".join(str(size) for size in shape)


def cost(parameters: int, flops: int, *, long: bool = False) -> str:
    """Weights and operations in words; nothing where there are none.

    >>> cost(1200, 2_500_000)
    '1,200 weights · 2.5 MFLOP'
    """
    parts = [f"{format_count(parameters)} {'parameters' if long else 'weights'}"] if parameters or long else []
    units = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))
    scale, unit = next(((scale, unit) for scale, unit in units if flops >= scale), (1, ""))
    parts += [f"{flops / scale:.4g} {unit}FLOP" + (" per picture" if long else "")] if flops else []
    return " · ".join(parts)


def _box(layer: Layer, x: float, y: float, height: float, output: str) -> Box:
    fill, border = COLOURS.get(layer.op.kind, _OTHER)[1]
    title = f"{layer.name}: {_operation(layer)} → {shape_label(layer.output)}"
    told = cost(layer.parameter_count, layer.flops)
    strong = 2.8 if layer.name == output else 1.3
    return Box(x, y, BOX_WIDTH, height, fill, border, strong, 6 if height > STRIP_HEIGHT else 4, f"{title}, {told}")


def _lines(layer: Layer) -> list[str]:
    return textwrap.wrap(_operation(layer), 44, max_lines=3, placeholder=" …")


def _box_height(layer: Layer) -> float:
    return BOX_HEIGHT + _LINE * (len(_lines(layer)) - 1)


def _local(layer: Layer, prefix: str) -> str:
    return layer.name.removeprefix(f"{prefix}.") if prefix else layer.name


def _operation(layer: Layer) -> str:
    """``conv 5×5: filters 20, stride 2`` and the like: the kind, and the fields that are not at their defaults."""
    op, kind = layer.op, layer.op.kind.replace("_", " ")
    if isinstance(op, Input):
        scale = f", scale {op.scale:.4g}" if op.scale != 1 else ""
        return f"{shape_label(layer.output)}{scale}{f', less mean {op.mean}' if op.mean != 'none' else ''}"
    given = {key: value for key, value in told_fields(op).items() if not isinstance(value, dict)}
    if "kernel" in given:
        kind = f"{kind} {shape_label(given.pop('kernel'))}"
    flags_last = sorted(given.items(), key=lambda item: isinstance(item[1], bool))
    shown = [_field(key, value) for key, value in flags_last if not key.endswith(_MINOR)]
    return f"{kind}: {', '.join(shown)}" if shown else kind


def _field(key: str, value: object) -> str:
    word = key.replace("_", " ")
    if isinstance(value, bool):
        return word if value else f"no {word}"
    if isinstance(value, list):
        return f"{word} {shape_label(value[:1] if len(set(value)) == 1 else value)}"
    return f"{word} {value:.4g}" if isinstance(value, float) else f"{word} {value}"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
