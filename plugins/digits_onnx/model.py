"""A network and its weights as one ONNX model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, ValueInfoProto, helper, numpy_helper

from digits_core.contracts.backend import Arrays
from digits_core.contracts.claims import require_weights
from digits_core.errors import CapabilityMissing, Problem, require
from digits_core.graph.graph import Graph, Layer
from digits_onnx.ops import OPS, Builder
from digits_onnx.sheet import Sheet

#: What the operators mean, and the file format: the newest that the oldest ONNX Runtime we allow reads.
OPSET, IR_VERSION = 21, 10
#: Names of what goes in and of what softmax gives, unless layers are called so.
IMAGES, PROBABILITIES = "images", "probabilities"
BATCH = "B"


def onnx_model(
    graph: Graph,
    arrays: Arrays,
    outputs: Sequence[str],
    softmax: bool,
    dtype: npt.DTypeLike = np.float32,
    builders: Mapping[str, Builder] = OPS,
) -> ModelProto:
    """The network as ONNX: uint8 pictures ``[B, H, W, C]`` in, any B; preparation and weights inside.

    Values are called as the layers that compute them, so any layer can be made an output. Layers that the outputs do
    not need, such as auxiliary heads, are left out.

    Args:
        graph: The network.
        arrays: Every weight of it, canonical.
        outputs: Layers whose values are given, in this order, in the number format of the layers.
        softmax: Whether the softmax of the graph's output is given too, as the first: float32 ``probabilities``.
        dtype: What layers compute in and weights are kept in: float32 or float16.
        builders: By kind of operation.

    Raises:
        CapabilityMissing: With one problem per layer whose operation has no builder.
        SnapshotDamaged: If a weight is missing or has another shape than the graph says.
    """
    sheet = draw(graph, arrays, outputs, softmax, dtype, builders)
    model = assemble(graph, sheet, outputs, softmax)
    model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in sheet.constants.items())
    return model


def draw(
    graph: Graph,
    arrays: Arrays,
    outputs: Sequence[str],
    softmax: bool,
    dtype: npt.DTypeLike,
    builders: Mapping[str, Builder] = OPS,
) -> Sheet:
    """Every node that the outputs need; see `onnx_model`, whose arguments these are.

    Args:
        graph: The network.
        arrays: Every weight of it, canonical.
        outputs: Layers whose values are given.
        softmax: Whether the softmax of the graph's output is given too.
        dtype: What layers compute in.
        builders: By kind of operation.
    """
    layers = graph.needed_for([*outputs, graph.output] if softmax else outputs)
    require(_without_builder(graph, layers, builders), CapabilityMissing)
    require_weights(graph, arrays)
    sheet = Sheet(arrays, dtype, _free(IMAGES, graph))
    for layer in layers:
        builders[layer.op.kind](layer, sheet)
    if softmax:
        name = _free(PROBABILITIES, graph)
        wide = sheet.node("Cast", [graph.output], f"{name}/logits", {"to": TensorProto.FLOAT})
        sheet.node("Softmax", [wide], name, {"axis": -1})
    return sheet


def assemble(graph: Graph, sheet: Sheet, outputs: Sequence[str], softmax: bool) -> ModelProto:
    """The model without the values of its constants."""
    channels, height, width = graph.layers[0].output
    images = _value(sheet.pictures, TensorProto.UINT8, (height, width, channels))
    given = [_value(name, sheet.format, graph.layer(name).output) for name in outputs]
    if softmax:
        given.insert(0, _value(_free(PROBABILITIES, graph), TensorProto.FLOAT, graph.layer(graph.output).output))
    drawn = helper.make_graph(sheet.nodes, graph.name, [images], given)
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(drawn, ir_version=IR_VERSION, opset_imports=[opset], producer_name="DIGITS")


def _value(name: str, format: int, shape: Iterable[int]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, format, [BATCH, *shape])


def _without_builder(graph: Graph, layers: Iterable[Layer], builders: Mapping[str, Builder]) -> Iterator[Problem]:
    for layer in layers:
        if layer.op.kind not in builders:
            message = f"Network {graph.name}: {layer.name} needs op {layer.op.kind!r}, which cannot be written as ONNX."
            yield Problem(message, hint="Predict in the backend that trained it (--runtime native).")


def _free(word: str, graph: Graph) -> str:
    return f"{word}/0" if any(layer.name == word for layer in graph.layers) else word
