"""A prototxt as a network file of ours, ready to be trained on any dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from digits_caffe.model_importer import NETWORK_ENDINGS
from digits_caffe.network import convert, describe, input_of
from digits_core.contracts.network_importer import ImportedNetwork, NetworkImporter
from digits_core.graph.codec import CLASSES, encode
from digits_core.graph.graph import Graph, Layer

#: The field of each operation that says how many channels or features it gives.
_OUTPUTS = {"conv": "filters", "dense": "units"}


class CaffeNetworkImporter(NetworkImporter):
    """``deploy.prototxt``, ``train_val.prototxt``, and the networks of DIGITS, which are both in one."""

    name: ClassVar[str] = "caffe"

    def recognises(self, path: Path) -> bool:
        """Whether it is a ``.prototxt``."""
        return path.name.lower().endswith(NETWORK_ENDINGS)

    def read(self, path: Path) -> ImportedNetwork:
        """The network that trains, with auxiliary losses, where the file describes several phases.

        Raises:
            NetworkInvalid: With every line that cannot be read or built here.
        """
        described = describe(path)
        network = convert(described, input_of(described.pictures))
        return ImportedNetwork(_with_open_classes(network.graph), network.notes)


def _with_open_classes(graph: Graph) -> dict[str, Any]:
    """The description of ``graph``, in which the dataset decides the number of classes."""
    description = encode(graph)
    heads = {_source_of_classes(graph, head) for head in (graph.output, *(loss.logits for loss in graph.losses))}
    for layer in description["layers"]:
        if layer["name"] in heads:
            layer[_OUTPUTS[layer["op"]]] = CLASSES
    return description


def _source_of_classes(graph: Graph, head: str) -> str:
    """The layer that gives as many channels as there are logits; empty where it is none that can be told."""
    layer: Layer = graph.layer(head)
    while layer.op.kind not in _OUTPUTS and len(layer.inputs) == 1:
        layer = graph.layer(layer.inputs[0])
    return layer.name if layer.op.kind in _OUTPUTS and layer.output[0] == graph.layer(head).output[0] else ""
