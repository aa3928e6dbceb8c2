"""Layers of tiny graphs, as in a network file: several operations in one graph, so that few programs are compiled."""

from __future__ import annotations

from typing import Any, TypeAlias

Layers: TypeAlias = list[dict[str, Any]]

#: The layer that begins every tiny graph.
FIRST: dict[str, Any] = {"name": "first", "op": "conv", "filters": 4, "kernel": 3, "kernel_initializer": "he_normal"}


def after_conv(*layers: dict[str, Any]) -> Layers:
    """Layers behind a convolution, so that a gradient has to pass through them, and in front of four logits."""
    return [FIRST, *layers, {"name": "logits", "op": "dense", "units": 4, "kernel_initializer": "he_normal"}]


def branches(**ops: dict[str, Any]) -> Layers:
    """Layers side by side, each behind a convolution of its own, whose gradient tells which of them is wrong."""
    layers: Layers = []
    for name, op in ops.items():
        layers += [
            {"name": f"to-{name}", "op": "conv", "filters": 4, "kernel": 1, "inputs": "first"},
            {"name": name, **op},
            {"name": f"flat-{name}", "op": "flatten"},
        ]
    return after_conv(*layers, {"name": "joined", "op": "concat", "inputs": [f"flat-{name}" for name in ops]})


def side_by_side(*kinds: str) -> Layers:
    """Operations without fields side by side."""
    return branches(**{kind: {"op": kind} for kind in kinds})


def _squeeze_excite(name: str, channels: int, squeezed: int) -> Layers:
    """Channels of the layer before it, weighed by what they are over the whole picture."""
    return [
        {"name": f"{name}-pool", "op": "global_average_pool", "inputs": name},
        {"name": f"{name}-squeeze", "op": "conv", "filters": squeezed, "kernel": 1},
        {"name": f"{name}-active", "op": "silu"},
        {"name": f"{name}-excite", "op": "conv", "filters": channels, "kernel": 1},
        {"name": f"{name}-gate", "op": "sigmoid"},
        {"name": f"{name}-weighed", "op": "multiply", "inputs": [name, f"{name}-gate"]},
    ]


#: An inverted bottleneck of MobileNet and EfficientNet, with everything that they are made of.
MOBILE: Layers = [
    {"name": "expand", "op": "conv", "filters": 8, "kernel": 1, "bias": False},
    {"name": "expand-norm", "op": "batch_norm", "momentum": 0.01, "epsilon": 1e-3},
    {"name": "expand-active", "op": "hard_swish"},
    {"name": "depthwise", "op": "conv", "filters": 8, "kernel": 3, "groups": 8, "padding": 1, "bias": False},
    {"name": "depthwise-norm", "op": "batch_norm"},
    {"name": "depthwise-active", "op": "silu"},
    *_squeeze_excite("depthwise-active", 8, 2),
    {"name": "project", "op": "conv", "filters": 4, "kernel": 1, "bias": False},
    {"name": "project-norm", "op": "batch_norm"},
    {"name": "depth", "op": "stochastic_depth", "rate": 0.4},
    {"name": "sum", "op": "add", "inputs": ["first", "depth"]},
]
#: A block of ConvNeXt: a wide depthwise window, layer norm, GELU, and layer scale.
NEXT: Layers = [
    {"name": "wide", "op": "conv", "filters": 4, "kernel": 7, "groups": 4, "padding": 3, "inputs": "first"},
    {"name": "norm", "op": "layer_norm", "epsilon": 1e-3},
    {"name": "expand", "op": "conv", "filters": 8, "kernel": 1},
    {"name": "active", "op": "gelu"},
    {"name": "project", "op": "conv", "filters": 4, "kernel": 1},
    {"name": "scale", "op": "channel_scale"},
    {"name": "gated", "op": "multiply", "inputs": ["scale", "norm"]},
    {"name": "sum", "op": "add", "inputs": ["first", "gated"]},
    {"name": "pool", "op": "global_average_pool"},
    {"name": "flat", "op": "flatten"},
    {"name": "scale-of-features", "op": "channel_scale"},
    {"name": "norm-of-features", "op": "layer_norm"},
]
#: A transformer over the pixels of a picture, whose first token classifies.
TRANSFORMER: Layers = [
    {"name": "patches", "op": "conv", "filters": 6, "kernel": 2, "stride": 2},
    {"name": "tokens", "op": "tokens", "class_token": True},
    {"name": "position", "op": "position"},
    {"name": "norm", "op": "layer_norm"},
    {"name": "parts", "op": "conv", "filters": 18, "kernel": 1},
    {"name": "attention", "op": "attention", "heads": 3},
    {"name": "project", "op": "conv", "filters": 6, "kernel": 1},
    {"name": "depth", "op": "stochastic_depth", "rate": 0.4},
    {"name": "sum", "op": "add", "inputs": ["position", "depth"]},
    {"name": "token", "op": "token"},
]
#: The same without a token of its own: position of pixels, and the last of them.
SEQUENCE: Layers = [
    {"name": "position", "op": "position"},
    {"name": "parts", "op": "conv", "filters": 9, "kernel": 1},
    {"name": "tokens", "op": "tokens"},
    {"name": "attention", "op": "attention"},
    {"name": "token", "op": "token", "index": 41},
    {"name": "position-of-features", "op": "position"},
]
