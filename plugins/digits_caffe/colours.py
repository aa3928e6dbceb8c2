"""From BGR, in which OpenCV and so Caffe have pictures, to RGB: the weights that see colours are turned round.

Turned are, in every layer that a colour channel reaches, its arrays along channels, up to and with the first
convolution or dense layer, whose outputs are no colours any more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from digits_caffe.blobs import Array
from digits_core.contracts.backend import Arrays
from digits_core.errors import NetworkInvalid
from digits_core.graph.graph import INPUT, Graph, Layer

Turn: TypeAlias = Callable[[Layer, Arrays], bool]

#: Operations that give each channel from the same channel, or from its neighbours on both sides alike.
_CHANNEL_BY_CHANNEL = frozenset(
    "relu relu6 silu tanh sigmoid dropout max_pool average_pool global_average_pool lrn softmax add flatten".split()
)


def turn_to_rgb(graph: Graph, arrays: Arrays) -> Arrays:
    """The weights for pictures in RGB order, from those for BGR.

    Raises:
        NetworkInvalid: If a layer uses colours in a way that cannot be turned.
    """
    turned = dict(arrays)
    coloured = {INPUT} if graph.input.channels == 3 else set()
    for layer in graph.layers[1:]:
        count = len(coloured.intersection(layer.inputs))
        if not count:
            continue
        turn = TURNS.get(layer.op.kind, _keeps if layer.op.kind in _CHANNEL_BY_CHANNEL else _cannot)
        if count != len(set(layer.inputs)) or turn is _cannot:
            raise _refused(layer)
        if turn(layer, turned):
            coloured.add(layer.name)
    return turned


def _keeps(layer: Layer, arrays: Arrays) -> bool:
    return True


def _cannot(layer: Layer, arrays: Arrays) -> bool:
    raise _refused(layer)


def _conv(layer: Layer, arrays: Arrays) -> bool:
    op: Any = layer.op
    if op.groups == 1:
        _replace(layer, arrays, lambda kernel: kernel[:, ::-1], "kernel")
        return False
    if op.groups != op.filters:
        raise _refused(layer)
    _replace(layer, arrays, lambda array: array[::-1], "kernel", "bias")
    return True


def _dense(layer: Layer, arrays: Arrays) -> bool:
    _replace(layer, arrays, lambda kernel: kernel.reshape(len(kernel), 3, -1)[:, ::-1].reshape(kernel.shape), "kernel")
    return False


def _batch_norm(layer: Layer, arrays: Arrays) -> bool:
    if len(layer.output) != 3:
        raise _refused(layer)
    _replace(layer, arrays, lambda array: array[::-1], "scale", "offset", "mean", "variance")
    return True


#: By kind of operation: turns the weights, and says whether channels are still colours afterwards.
TURNS: dict[str, Turn] = {"conv": _conv, "dense": _dense, "batch_norm": _batch_norm}


def _replace(layer: Layer, arrays: Arrays, change: Callable[[Array], Array], *names: str) -> None:
    for name in names:
        key = f"{layer.name}/{name}"
        if key in arrays:
            arrays[key] = change(arrays[key]).copy()


def _refused(layer: Layer) -> NetworkInvalid:
    return NetworkInvalid(
        f"{layer.name} ({layer.op.kind}) sees colours in a way that cannot be turned from BGR to RGB.",
        hint="Put a convolution or dense layer before it.",
    )
