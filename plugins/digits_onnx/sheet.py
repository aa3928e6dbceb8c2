"""What builders write on: the nodes and constants of an ONNX graph as it is drawn up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, helper

from digits_core.contracts.backend import Arrays
from digits_core.graph.graph import Layer

Attributes: TypeAlias = Mapping[str, int | float | str | Sequence[int]]


class Sheet:
    """Nodes and constants.

    A layer's value is called as the layer; names of everything else have a ``/``, which no layer has.

    Args:
        arrays: Canonical weights.
        dtype: The number format that layers compute in.
        pictures: Name of the uint8 pictures ``[B, H, W, C]``.

    Attributes:
        arrays: Canonical weights.
        dtype: The number format that layers compute in.
        pictures: Name of the uint8 pictures.
        nodes: In computing order.
        constants: Weights and other constants by name.
    """

    def __init__(self, arrays: Arrays, dtype: npt.DTypeLike, pictures: str) -> None:
        self.arrays, self.dtype, self.pictures = arrays, np.dtype(dtype), pictures
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, npt.NDArray[Any]] = {}

    def node(self, kind: str, inputs: Sequence[str], output: str, attributes: Attributes | None = None) -> str:
        """Write a node, which is called as its value; returns that name."""
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **(attributes or {})))
        return output

    def nodes_of(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Attributes) -> None:
        """Write a node with several values; it is called as the first."""
        self.nodes.append(helper.make_node(kind, list(inputs), list(outputs), name=outputs[0], **attributes))

    @property
    def format(self) -> int:
        """What ONNX calls the number format of the layers."""
        return helper.np_dtype_to_tensor_dtype(self.dtype)

    def weight(
        self, layer: Layer, name: str, shape: Sequence[int] | None = None, dtype: npt.DTypeLike | None = None
    ) -> str:
        """A weight of ``layer`` by its canonical name, in another shape or number format if asked for."""
        array = self.arrays[f"{layer.name}/{name}"]
        return self.constant(f"{layer.name}/{name}", array if shape is None else array.reshape(shape), dtype)

    def constant(self, name: str, values: npt.ArrayLike, dtype: npt.DTypeLike | None = None) -> str:
        """A constant, copied, in the number format of the layers unless another is asked for."""
        self.constants[name] = np.array(values, dtype or self.dtype, order="C")
        return name

    def integers(self, name: str, values: Iterable[int]) -> str:
        """A list of whole numbers, such as a shape."""
        return self.constant(name, np.array(list(values), np.int64), np.int64)
