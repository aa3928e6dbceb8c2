"""Which weights of a network have a row for every class."""

from __future__ import annotations

from digits_core.graph.graph import Graph, Layer


def head_layers(graph: Graph) -> tuple[Layer, ...]:
    """The layers with a row for every class, of the output and of auxiliary losses, in computing order.

    From each layer of logits back to the layer that mixes channels, a convolution or dense layer; what lies between,
    such as a pooling, keeps classes apart.

    >>> from digits_core.graph.graph import LayerSpec
    >>> from digits_core.graph.ops import Conv, Flatten, GlobalAveragePool, Input
    >>> layers = [
    ...     LayerSpec("input", Input(channels=3, height=8, width=8)),
    ...     LayerSpec("conv10", Conv(filters=5, kernel=1)),
    ...     LayerSpec("pool10", GlobalAveragePool()),
    ...     LayerSpec("flat", Flatten()),
    ... ]
    >>> [layer.name for layer in head_layers(Graph.of("tiny", layers))]
    ['conv10']
    """
    names = {
        name for logits in (graph.output, *(loss.logits for loss in graph.losses)) for name in _head(graph, logits)
    }
    return tuple(layer for layer in graph.layers if layer.name in names)


def _head(graph: Graph, logits: str) -> list[str]:
    """Names of the layers of one head; none where rows cannot be followed back to one layer."""
    layer = graph.layer(logits)
    classes = layer.output[0]
    found: list[str] = []
    while True:
        shapes = [parameter.shape for parameter in layer.parameters.values()]
        if layer.output[0] != classes or any(shape[0] != classes for shape in shapes):
            return []
        if shapes:
            found.append(layer.name)
        if any(len(shape) > 1 for shape in shapes):
            return found
        if len(layer.inputs) != 1:
            return []
        layer = graph.layer(layer.inputs[0])
