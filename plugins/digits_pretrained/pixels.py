"""What the collections do to pixels, folded into the first convolution.

They compute ``x = (p/255 − mean)/std`` for each channel, our input layer ``x' = (p − 255·mean)·scale`` with one factor
for all. So ``x = x'/(255·std·scale)``, and the first convolution takes that factor over, channel by channel. Padding is
0 on both sides, so that this holds at the borders too.
"""

from __future__ import annotations

import numpy as np

from digits_core.contracts.backend import Arrays
from digits_core.errors import ModelInvalid
from digits_core.graph.graph import INPUT, MEAN, Graph, Layer
from digits_core.graph.ops import Conv
from digits_core.spec.imported import Normalization

#: Mean and standard deviation of red, green and blue, of pixels from 0 to 1.
NORMALIZATIONS: dict[Normalization, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}


def first_convolution(graph: Graph) -> Layer:
    """The layer that sees the pixels.

    Raises:
        ModelInvalid: If that is no convolution, or several layers do.
    """
    first = [layer for layer in graph.layers if INPUT in layer.inputs]
    if len(first) == 1 and isinstance(first[0].op, Conv):
        return first[0]
    names = ", ".join(f"{layer.name} ({layer.op.kind})" for layer in first)
    message = f"Network {graph.name} expects one convolution after its input, found {names}."
    raise ModelInvalid(message, hint="Only there can be kept what pixels went through in training.")


def fold(arrays: Arrays, graph: Graph, normalization: Normalization) -> Arrays:
    """``arrays`` for pixels from 0 to 255, with the mean that the input layer subtracts."""
    mean, std = (np.array(values[: graph.input.channels]) for values in NORMALIZATIONS[normalization])
    kernel = f"{first_convolution(graph).name}/kernel"
    factors = 1 / (255 * std * graph.input.scale)
    return {
        **arrays,
        kernel: (arrays[kernel] * factors[:, None, None]).astype(np.float32),
        MEAN: (255 * mean)[:, None, None].astype(np.float32),
    }
