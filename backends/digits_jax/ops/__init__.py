"""Every operation on ``[B, H, W, C]`` or ``[B, F]``, in the order of `digits_core.graph.ops`.

A builder takes a layer and gives a pure function ``apply(inputs, weights, mode) → output``, where weights go by their
local names: ``kernel``, ``bias``. It runs while a step is traced, so its Python costs nothing per step; JAX derives the
gradient.
"""

from collections.abc import Callable

from digits_core.graph.graph import Layer
from digits_jax.ops import activations, attention, joining, noise, normalization, picture, pooling, shaping, weighted
from digits_jax.ops.op import Apply

OPS: dict[str, Callable[[Layer], Apply]] = {
    "input": picture.input,
    "conv": weighted.conv,
    "max_pool": pooling.max_pool,
    "average_pool": pooling.average_pool,
    "global_average_pool": pooling.global_average_pool,
    "dense": weighted.dense,
    "relu": activations.relu,
    "relu6": activations.relu6,
    "tanh": activations.tanh,
    "sigmoid": activations.sigmoid,
    "silu": activations.silu,
    "gelu": activations.gelu,
    "hard_sigmoid": activations.hard_sigmoid,
    "hard_swish": activations.hard_swish,
    "dropout": noise.dropout,
    "stochastic_depth": noise.stochastic_depth,
    "batch_norm": normalization.batch_norm,
    "layer_norm": normalization.layer_norm,
    "lrn": normalization.lrn,
    "channel_scale": normalization.channel_scale,
    "concat": joining.concat,
    "add": joining.add,
    "multiply": joining.multiply,
    "flatten": shaping.flatten,
    "tokens": shaping.tokens,
    "position": attention.position,
    "attention": attention.attention,
    "token": shaping.token,
    "softmax": activations.softmax,
}
