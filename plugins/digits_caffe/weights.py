"""Caffe's arrays as the weights of a graph: by the name of the layer, checked by shape, everything wrong at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from digits_caffe.blobs import Array, Blobs
from digits_caffe.conversion import Origin
from digits_caffe.layers import CaffeLayer
from digits_caffe.operations import has_scale_and_bias
from digits_core.contracts.backend import Arrays
from digits_core.errors import ModelInvalid, Problem, require, suggest
from digits_core.graph.graph import Graph
from digits_core.graph.shapes import Shape

Wanted: TypeAlias = Mapping[str, Shape]
Rule: TypeAlias = Callable[[CaffeLayer, Sequence[Array], Wanted], dict[str, Array]]


class _Unfitting(Exception):
    """What a layer expects and what was found."""


def fill(graph: Graph, origins: Sequence[Origin], blobs: Mapping[str, Blobs], where: str) -> tuple[Arrays, list[str]]:
    """Every weight of ``graph``, and the layers of the file that nothing of it needs.

    Args:
        graph: The network; its mean is not filled.
        origins: Where each layer's weights are found.
        blobs: The weights of the file.
        where: The file, for errors.

    Raises:
        ModelInvalid: With every layer whose weights are missing or of another shape, and what the file has instead.
    """
    arrays: Arrays = {}
    problems: list[Problem] = []
    used = {origin.layer.name for origin in origins}
    unused = [name for name in blobs if name not in used]
    for origin in origins:
        layer = origin.layer
        if layer.name not in blobs:
            message = f"{layer.name} ({layer.type}) of the network has no weights in the file."
            problems.append(Problem(message, where, suggest(layer.name, unused) if unused else ""))
            continue
        wanted = {name.rpartition("/")[2]: p.shape for name, p in graph.layer(origin.name).parameters.items()}
        try:
            found = RULES.get(layer.type, kernel_and_bias)(layer, blobs[layer.name].arrays, wanted)
        except _Unfitting as reason:
            problems.append(Problem(f"{layer.name} ({layer.type}) expects {reason}.", where))
            continue
        arrays |= {f"{origin.name}/{name}": np.ascontiguousarray(array) for name, array in found.items()}
    if problems and unused:
        problems.append(Problem(f"The file has weights that the network does not need: {', '.join(unused)}.", where))
    require(problems, ModelInvalid)
    return arrays, unused


def kernel_and_bias(layer: CaffeLayer, arrays: Sequence[Array], wanted: Wanted) -> dict[str, Array]:
    """A convolution."""
    _require_count(arrays, len(wanted))
    return {name: _shaped(name, array, shape) for (name, shape), array in zip(wanted.items(), arrays, strict=True)}


def inner_product(layer: CaffeLayer, arrays: Sequence[Array], wanted: Wanted) -> dict[str, Array]:
    """A dense layer; with ``transpose`` Caffe keeps its matrix the other way round."""
    if layer.param("inner_product_param").flag("transpose", False) and arrays:
        arrays = [_shaped("kernel", arrays[0], wanted["kernel"][::-1]).T, *arrays[1:]]
    return kernel_and_bias(layer, arrays, wanted)


def statistics(layer: CaffeLayer, arrays: Sequence[Array], wanted: Wanted) -> dict[str, Array]:
    """Running mean and variance, each times the third array; then scale and offset where NVCaffe keeps them too.

    The third is 0 where nothing was averaged, and where NVCaffe, which never reads it, keeps the averages themselves.
    """
    own = ("scale", "offset") if has_scale_and_bias(layer) else ()
    _require_count(arrays, 3 + len(own))
    total = float(arrays[2].reshape(-1)[0]) if arrays[2].size else 0.0
    factor = np.float32(1 / total if total else 1)
    return {
        "scale": np.ones(wanted["scale"], np.float32),
        "offset": np.zeros(wanted["offset"], np.float32),
        "mean": _shaped("mean", arrays[0], wanted["mean"]) * factor,
        "variance": _shaped("variance", arrays[1], wanted["variance"]) * factor,
        **{name: _shaped(name, array, wanted[name]) for name, array in zip(own, arrays[3:], strict=True)},
    }


def scale(layer: CaffeLayer, arrays: Sequence[Array], wanted: Wanted) -> dict[str, Array]:
    """The second half of a batch norm, or a convolution of each channel by itself."""
    names = ("kernel", "bias") if "kernel" in wanted else ("scale", "offset")
    _require_count(arrays, 2 if layer.param("scale_param").flag("bias_term", False) else 1)
    found = {}
    for name, array in zip(names, arrays, strict=False):
        channels = wanted[name][:1]
        found[name] = _shaped(name, array, channels).reshape(wanted[name])
    return found


RULES: dict[str, Rule] = {"InnerProduct": inner_product, "BatchNorm": statistics, "Scale": scale}


def _require_count(arrays: Sequence[Array], expected: int) -> None:
    if len(arrays) != expected:
        raise _Unfitting(f"{expected} arrays, found {len(arrays)} in the file")


def _shaped(name: str, array: Array, shape: Shape) -> Array:
    """``array`` in ``shape``; files from before 2015 write every shape with four numbers, ones first."""
    if _without_ones(array.shape) != _without_ones(shape):
        raise _Unfitting(f"{name} of shape {list(shape)}, found {list(array.shape)} in the file")
    return array.reshape(shape)


def _without_ones(shape: Sequence[int]) -> tuple[int, ...]:
    start = next((index for index, size in enumerate(shape) if size != 1), len(shape))
    return tuple(shape[start:])
