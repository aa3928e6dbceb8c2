"""Tiny graphs, one per thing that frameworks do differently, and weights and batches for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from digits_core.contracts.backend import Arrays, Batch
from digits_core.graph.codec import decode
from digits_core.graph.graph import Graph
from digits_core.testing.blocks import (
    FIRST,
    MOBILE,
    NEXT,
    SEQUENCE,
    TRANSFORMER,
    Layers,
    after_conv,
    branches,
    side_by_side,
)


def _one(op: str, **fields: Any) -> Layers:
    return after_conv({"name": "tested", "op": op, **fields})


#: Layers by a name that says what is tested; pictures are 9 × 8 with 2 channels, so the tested layer sees 4 × 7 × 6.
OP_CASES: dict[str, Layers] = {
    "input": after_conv(),
    "conv": _one("conv", filters=3, kernel=3),
    "conv-without-bias": _one("conv", filters=3, kernel=3, bias=False),
    "conv-1x1": _one("conv", filters=5, kernel=1),
    "conv-1x1-stride": _one("conv", filters=6, kernel=1, stride=[2, 3], padding=[0, 1, 0, 0], groups=2),
    "conv-stride": _one("conv", filters=3, kernel=[3, 2], stride=[2, 3]),
    "conv-padding": _one("conv", filters=3, kernel=3, padding=1, stride=2),
    "conv-asymmetric-padding": _one("conv", filters=3, kernel=3, padding=[0, 2, 1, 0], stride=2),
    "conv-dilation": _one("conv", filters=3, kernel=[3, 2], dilation=[2, 3]),
    "conv-groups": _one("conv", filters=6, kernel=3, groups=2),
    "conv-depthwise": _one("conv", filters=8, kernel=3, groups=4, padding=1),
    "depthwise": branches(
        depthwise={"op": "conv", "filters": 4, "kernel": 3, "groups": 4, "stride": 2, "padding": [0, 1, 1, 0]},
        dilated={"op": "conv", "filters": 4, "kernel": 3, "groups": 4, "stride": [2, 1], "dilation": [1, 2]},
        uneven={"op": "conv", "filters": 8, "kernel": 3, "groups": 4, "stride": [1, 2], "padding": [1, 1, 0, 1]},
    ),
    "max-pool": _one("max_pool", kernel=2, stride=2),
    "max-pool-overlapping": _one("max_pool", kernel=3, stride=2),
    "max-pool-padding": _one("max_pool", kernel=3, stride=2, padding=[1, 0, 2, 1]),
    "max-pool-ceil": _one("max_pool", kernel=2, stride=2, ceil_mode=True),
    "max-pool-ceil-padding": _one("max_pool", kernel=[3, 2], stride=[3, 2], padding=[1, 1, 1, 0], ceil_mode=True),
    "average-pool": _one("average_pool", kernel=2, stride=2),
    "average-pool-padding": _one("average_pool", kernel=3, stride=2, padding=1),
    "average-pool-asymmetric": _one("average_pool", kernel=3, stride=2, padding=[2, 0, 1, 2]),
    "average-pool-pixels-only": _one("average_pool", kernel=3, stride=2, padding=[1, 1, 0, 2], count_include_pad=False),
    "average-pool-ceil": _one("average_pool", kernel=3, stride=2, padding=[1, 0, 1, 0], ceil_mode=True),
    "average-pool-ceil-pixels-only": _one(
        "average_pool", kernel=2, stride=2, padding=[1, 1, 1, 0], ceil_mode=True, count_include_pad=False
    ),
    "global-average-pool": _one("global_average_pool"),
    "dense": _one("dense", units=5),
    "dense-after-dense": after_conv(
        {"name": "tested", "op": "dense", "units": 6}, {"name": "again", "op": "dense", "units": 5, "bias": False}
    ),
    "relu": _one("relu"),
    "activations": side_by_side("relu6", "silu", "gelu", "hard_sigmoid", "hard_swish"),
    "tanh": _one("tanh"),
    "sigmoid": _one("sigmoid"),
    # Elements and whole rows: several tests take it for everything that draws.
    "dropout": after_conv(
        {"name": "tested", "op": "dropout", "rate": 0.4}, {"name": "depth", "op": "stochastic_depth", "rate": 0.4}
    ),
    "dropout-of-features": after_conv(
        {"name": "hidden", "op": "dense", "units": 12}, {"name": "tested", "op": "dropout", "rate": 0.7}
    ),
    # A bias in front of batch norm has no gradient but rounding errors: there is none, or a tanh between them.
    "batch-norm": [{**FIRST, "bias": False}, *_one("batch_norm")[1:]],
    "batch-norm-of-features": after_conv(
        {"name": "tanh", "op": "tanh"},
        {"name": "hidden", "op": "dense", "units": 5, "bias": False},
        {"name": "tested", "op": "batch_norm", "momentum": 0.3, "epsilon": 1e-3},
    ),
    "lrn": _one("lrn", size=3, alpha=0.5, beta=0.75, k=2.0),
    "lrn-wide": _one("lrn", size=5, alpha=2.0, beta=0.5),
    "mobile": after_conv(*MOBILE),
    "next": [{**FIRST, "bias": False}, *after_conv(*NEXT)[1:]],
    "transformer": after_conv(*TRANSFORMER),
    "sequence": after_conv(*SEQUENCE),
    "concat": after_conv(
        {"name": "left", "op": "relu", "inputs": "first"},
        {"name": "right", "op": "conv", "inputs": "first", "filters": 3, "kernel": 1},
        {"name": "tested", "op": "concat", "inputs": ["left", "right", "first"]},
    ),
    "concat-of-features": after_conv(
        {"name": "left", "op": "dense", "units": 3},
        {"name": "right", "op": "flatten", "inputs": "first"},
        {"name": "tested", "op": "concat", "inputs": ["left", "right"]},
    ),
    "add": after_conv(
        {"name": "left", "op": "tanh", "inputs": "first"},
        {"name": "right", "op": "sigmoid", "inputs": "first"},
        {"name": "tested", "op": "add", "inputs": ["left", "right", "left"]},
    ),
    "flatten": after_conv({"name": "tested", "op": "flatten"}, {"name": "squash", "op": "tanh"}),
    "softmax": _one("softmax"),
    "softmax-of-features": after_conv(
        {"name": "hidden", "op": "dense", "units": 5}, {"name": "tested", "op": "softmax"}
    ),
}


def graph_of(layers: Layers, *, losses: list[dict[str, Any]] | None = None, **input: Any) -> Graph:
    """A graph over 9 × 8 pictures with 2 channels.

    Args:
        layers: As in a network file.
        losses: As in a network file; empty: the last layer.
        input: Fields of the input that differ from the usual.
    """
    size = {"channels": 2, "height": 9, "width": 8, "scale": 0.01, "classes": 4, **input}
    return decode({"name": "tiny", "input": size, "layers": layers, "losses": losses or [], "output": "logits"})


TWO_LOSSES: Layers = [{"logits": "logits", "label_smoothing": 0.1}, {"logits": "side", "weight": 0.3}]


def two_headed(losses: Layers = TWO_LOSSES) -> Graph:
    """A graph with two heads that share a convolution; usually both have a loss, one of them smoothed."""
    layers = after_conv({"name": "relu", "op": "relu"})
    layers += [{"name": "side", "op": "dense", "units": 4, "inputs": "first", "kernel_initializer": "he_normal"}]
    return graph_of(layers, losses=losses)


def multiplied() -> Graph:
    """A graph whose weights have rate and decay multipliers of their own, batch norm and a mean picture."""
    first = {**FIRST, "kernel_rate": 0.5, "kernel_decay": 3.0, "bias_rate": 2.0, "bias_decay": 0.0}
    layers = [
        first,
        {"name": "tanh", "op": "tanh"},
        {"name": "pool", "op": "max_pool", "kernel": 2, "stride": 2},
        {"name": "frozen", "op": "conv", "filters": 6, "kernel": 1, "bias": False, "kernel_rate": 0.0},
        {"name": "norm", "op": "batch_norm"},
        {"name": "drop", "op": "dropout", "rate": 0.3},
        {"name": "logits", "op": "dense", "units": 4},
    ]
    return graph_of(layers, mean="image")


def weights_of(graph: Graph, seed: int = 0) -> Arrays:
    """Random float32 weights in which nothing is zero by accident; variances are positive."""
    random = np.random.Generator(np.random.Philox(key=[seed, 1]))
    arrays: Arrays = {}
    for name, parameter in graph.parameters.items():
        array = random.normal(0, 0.4, parameter.shape)
        if name.endswith(("/variance", "/scale")):
            array = 0.5 + np.abs(array)
        if name == "input/mean":
            array = 120 + 20 * array
        arrays[name] = array.astype(np.float32)
    return arrays


def batch_of(graph: Graph, size: int = 6, seed: int = 0) -> Batch:
    """Random pictures and labels, all of weight 1."""
    random = np.random.Generator(np.random.Philox(key=[seed, 2]))
    channels, height, width = graph.layers[0].output
    return Batch(
        random.integers(0, 256, (size, height, width, channels), dtype=np.uint8),
        random.integers(0, graph.classes, size, dtype=np.int32),
        np.ones(size, np.float32),
    )


def with_targets(batch: Batch, classes: int, *, mixed: bool = True, important: bool = True) -> Batch:
    """The same batch with second targets, with an importance of each row, or with both.

    Among the shares are 0 and 1, and some second targets are the first ones.
    """
    count = len(batch.labels)
    places = np.arange(count)
    return Batch(
        batch.images,
        batch.labels,
        batch.weights,
        second=((batch.labels + places % 3) % classes).astype(np.int32) if mixed else None,
        share=(places[::-1] / max(count - 1, 1)).astype(np.float32) if mixed else None,
        importance=(0.25 + places * 0.5).astype(np.float32) if important else None,
    )
