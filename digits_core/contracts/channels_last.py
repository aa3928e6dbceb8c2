"""How canonical weights lie in frameworks that compute on ``[B, H, W, C]``.

Convolution kernels are ``[kh, kw, C/groups, filters]``, dense kernels ``[F, units]`` with F in H, W, C order where the
input is a picture, the mean picture and embeddings of positions ``[H, W, C]``; everything else lies as it is. So
nothing is transposed while training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.graph.graph import Graph, Layer
from digits_core.graph.shapes import Shape


@dataclass(frozen=True, slots=True)
class Layout:
    """How one array lies: seen as ``view``, its axes are permuted, then those of the inputs are joined again.

    Attributes:
        canonical: Its canonical shape.
        view: The canonical shape with joined axes apart.
        axes: For each native axis, which axis of ``view`` it is.
        native: Its native shape.
    """

    canonical: Shape
    view: Shape
    axes: tuple[int, ...]
    native: Shape

    def to_native(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """``array`` in the native layout; maybe a view."""
        return array.reshape(self.view).transpose(self.axes).reshape(self.native)

    def to_canonical(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A contiguous copy of ``array`` in the canonical layout."""
        apart = array.reshape([self.view[axis] for axis in self.axes])
        return np.array(apart.transpose(np.argsort(self.axes)).reshape(self.canonical), order="C", copy=True)


def layouts(graph: Graph) -> dict[str, Layout]:
    """The layout of every weight of ``graph`` by canonical name."""
    return {
        name: _layout(layer, name.removeprefix(f"{layer.name}/"), parameter.shape)
        for layer in graph.layers
        for name, parameter in layer.parameters.items()
    }


def _layout(layer: Layer, weight: str, shape: Shape) -> Layout:
    match layer.op.kind, weight:
        case ("input", "mean") | ("position", "embedding") if len(shape) == 3:
            return _permuted(shape, (1, 2, 0))
        case "conv", "kernel":
            return _permuted(shape, (2, 3, 1, 0))
        case "dense", "kernel":
            view = (shape[0], *layer.input_shapes[0])
            axes = (2, 3, 1, 0) if len(view) == 4 else (1, 0)
            return Layout(shape, view, axes, (math.prod(view[1:]), shape[0]))
    return Layout(shape, shape, tuple(range(len(shape))), shape)


def _permuted(shape: Shape, axes: tuple[int, ...]) -> Layout:
    return Layout(shape, shape, axes, tuple(shape[axis] for axis in axes))
