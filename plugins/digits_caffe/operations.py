"""Caffe's layer types as operations: a table, one short function per type.

Each gives the operation, or None where the layer only passes its bottom on. Caffe lays pooling windows as our
``ceil_mode`` does, and divides averages by the part of the window that lies in the padded picture, as
``count_include_pad`` does.
Source: Jia et al., *Caffe: Convolutional Architecture for Fast Feature Embedding*, 2014,
https://arxiv.org/abs/1408.5093.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from digits_caffe.fillers import initializer
from digits_caffe.layers import CaffeLayer
from digits_core.graph.initializers import Constant, Initializer, Xavier
from digits_core.graph.ops import (
    OPS,
    AveragePool,
    BatchNorm,
    Concat,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Lrn,
    MaxPool,
    Op,
    Relu,
    Sigmoid,
    Softmax,
    Tanh,
)
from digits_core.graph.shapes import Shape

#: What Caffe gives a convolution or inner product whose number of outputs the file leaves to DIGITS.
OPEN_CLASSES = 10

Operation: TypeAlias = Callable[[CaffeLayer, Sequence[Shape]], Op | None]


def convolution(layer: CaffeLayer, shapes: Sequence[Shape]) -> Op:
    """``convolution_param``; groups as there, and channels-first always."""
    param = layer.param("convolution_param")
    _require_axis(layer, "convolution_param", 1)
    if not param.has("num_output"):
        raise layer.refuse("num_output", "none", "convolution_param", "Say how many filters it has.")
    return Conv(
        filters=param.integer("num_output", 1),
        kernel=_pair(layer, "convolution_param", "kernel", "kernel_size", 0),
        stride=_pair(layer, "convolution_param", "stride", "stride", 1),
        padding=_padding(layer, "convolution_param"),
        dilation=_pair(layer, "convolution_param", "dilation", "dilation", 1),
        groups=param.integer("group", 1),
        **_weights(layer, "convolution_param"),
    )


def inner_product(layer: CaffeLayer, shapes: Sequence[Shape]) -> Op:
    """``inner_product_param``; DIGITS filled in a missing ``num_output``, so that is accepted."""
    param = layer.param("inner_product_param")
    _require_axis(layer, "inner_product_param", 1)
    return Dense(units=param.integer("num_output", OPEN_CLASSES), **_weights(layer, "inner_product_param"))


def pooling(layer: CaffeLayer, shapes: Sequence[Shape]) -> Op:
    """``pooling_param``: maximum or average, of windows or of everything."""
    param = layer.param("pooling_param")
    kind = {"MAX": MaxPool, "0": MaxPool, "AVE": AveragePool, "1": AveragePool}.get(param.text("pool", "MAX"))
    if kind is None:
        raise layer.refuse("pool: MAX or AVE", param.text("pool"), "pooling_param.pool")
    if param.flag("global_pooling", False):
        return GlobalAveragePool() if kind is AveragePool else MaxPool(kernel=shapes[0][1:])
    floors = param.text("round_mode", "CEIL") in ("FLOOR", "1") or not param.flag("ceil_mode", True)
    return kind(
        kernel=_pair(layer, "pooling_param", "kernel", "kernel_size", 0),
        stride=_pair(layer, "pooling_param", "stride", "stride", 1),
        padding=_padding(layer, "pooling_param"),
        ceil_mode=not floors,
    )


def relu(layer: CaffeLayer, shapes: Sequence[Shape]) -> Op:
    """Only without a slope below 0."""
    slope = layer.param("relu_param").number("negative_slope", 0)
    if slope:
        hint = "No operation here has a slope below 0."
        raise layer.refuse("negative_slope: 0", f"{slope:g}", "relu_param.negative_slope", hint)
    return Relu()


def lrn(layer: CaffeLayer, shapes: Sequence[Shape]) -> Op:
    """``lrn_param``, across channels."""
    param = layer.param("lrn_param")
    region = param.text("norm_region", "ACROSS_CHANNELS")
    if region not in ("ACROSS_CHANNELS", "0"):
        hint = "Normalisation within a channel has no operation here."
        raise layer.refuse("norm_region: ACROSS_CHANNELS", region, "lrn_param.norm_region", hint)
    return Lrn(
        size=param.integer("local_size", 5),
        alpha=param.number("alpha", 1),
        beta=param.number("beta", 0.75),
        k=param.number("k", 1),
    )


def dropout(layer: CaffeLayer, shapes: Sequence[Shape]) -> Op:
    """``dropout_param``."""
    return Dropout(rate=layer.param("dropout_param").number("dropout_ratio", 0.5))


def batch_norm(layer: CaffeLayer, shapes: Sequence[Shape]) -> Op:
    """``batch_norm_param``; the layer of type Scale that follows becomes its scale and offset, which NVCaffe's has."""
    param = layer.param("batch_norm_param")
    if initializer(param, "bias_filler", Constant()) != Constant():
        hint = "The offset of a batch norm starts at 0 here; weights that are imported replace it."
        raise layer.refuse("a bias_filler of 0", "another", "batch_norm_param.bias_filler", hint)
    return BatchNorm(
        scale_initializer=initializer(param, "scale_filler", Constant(value=1)),
        epsilon=param.number("eps", 1e-5),
        # Rounded, because 1 − 0.999 is no number that a person would write.
        momentum=round(1 - param.number("moving_average_fraction", 0.999), 12),
    )


def has_scale_and_bias(layer: CaffeLayer) -> bool:
    """Whether a batch norm brings its own scale and offset, as in NVCaffe: ``scale_bias``, or a filler of either.

    Source: ``LayerSetUp`` of https://github.com/NVIDIA/caffe/blob/caffe-0.17/src/caffe/layers/batch_norm_layer.cpp.
    """
    param = layer.param("batch_norm_param")
    return param.flag("scale_bias", False) or param.has("scale_filler") or param.has("bias_filler")


def scale(layer: CaffeLayer, shapes: Sequence[Shape]) -> Op:
    """A factor and maybe an offset per channel without batch norm: a 1×1 convolution of each channel by itself.

    Of two bottoms the second is the factor, as squeeze-and-excitation has it.
    """
    param = layer.param("scale_param")
    if len(layer.bottoms) == 2 and not param.flag("bias_term", False):
        return _plain(layer, "multiply")
    _require_axis(layer, "scale_param", 1)
    if param.integer("num_axes", 1) != 1 or len(shapes[0]) != 3:
        raise layer.refuse("channels of a picture", f"shape {list(shapes[0])}", "scale_param.num_axes")
    rates = _multipliers(layer)
    return Conv(
        filters=shapes[0][0],
        kernel=1,
        groups=shapes[0][0],
        bias=param.flag("bias_term", False),
        kernel_initializer=initializer(param, "filler", Constant(value=1)),
        bias_initializer=initializer(param, "bias_filler", Constant()),
        **rates,
    )


def concat(layer: CaffeLayer, shapes: Sequence[Shape]) -> Op | None:
    """Along channels; of one bottom it changes nothing."""
    param = layer.param("concat_param")
    axis = param.integer("axis", param.integer("concat_dim", 1))
    if axis not in (1, -len(shapes[0])):
        raise layer.refuse("axis: 1, the channels", str(axis), "concat_param.axis")
    return Concat() if len(layer.bottoms) > 1 else None


def eltwise(layer: CaffeLayer, shapes: Sequence[Shape]) -> Op:
    """Sums without coefficients, and products of two."""
    param = layer.param("eltwise_param")
    kind = {"SUM": "add", "1": "add", "PROD": "multiply", "0": "multiply"}.get(param.text("operation", "SUM"))
    if kind is None:
        raise layer.refuse("operation: SUM or PROD", param.text("operation"), "eltwise_param.operation")
    coefficients = param.numbers("coeff")
    if any(value != 1 for value in coefficients):
        found = ", ".join(f"{value:g}" for value in coefficients)
        raise layer.refuse("coefficients of 1", found, "eltwise_param.coeff")
    return _plain(layer, kind)


def flatten(layer: CaffeLayer, shapes: Sequence[Shape]) -> Op | None:
    """All of a picture; features are flat already."""
    param = layer.param("flatten_param")
    _require_axis(layer, "flatten_param", 1)
    if param.integer("end_axis", -1) not in (-1, len(shapes[0])):
        raise layer.refuse("end_axis: -1", param.text("end_axis"), "flatten_param.end_axis")
    return Flatten() if len(shapes[0]) == 3 else None


def reshape(layer: CaffeLayer, shapes: Sequence[Shape]) -> Op | None:
    """What flattens, and what changes nothing."""
    size = (0, *shapes[0])
    dims = layer.param("reshape_param").message("shape").integers("dim")
    told = [size[index] if dim == 0 and index < len(size) else dim for index, dim in enumerate(dims)]
    if not layer.param("reshape_param").integer("axis", 0) and told[:1] != [1]:
        if len(told) == len(size) and all(dim in (-1, here) for dim, here in zip(told[1:], size[1:], strict=True)):
            return None
        features = shapes[0][0] if len(shapes[0]) == 1 else shapes[0][0] * shapes[0][1] * shapes[0][2]
        if len(told) == 2 and told[1] in (-1, features):
            return Flatten()
    hint = "Use dim: 0 dim: -1, which flattens."
    raise layer.refuse("a shape that flattens or changes nothing", f"dim {list(dims)}", "reshape_param.shape", hint)


def power(layer: CaffeLayer, shapes: Sequence[Shape]) -> Op | None:
    """Only what changes nothing; what scales the pictures themselves becomes part of the input."""
    param = layer.param("power_param")
    found = {name: param.number(name, usual) for name, usual in (("power", 1), ("scale", 1), ("shift", 0))}
    if found != {"power": 1, "scale": 1, "shift": 0}:
        told = ", ".join(f"{name}: {value:g}" for name, value in found.items())
        hint = "Only a scale of the pictures themselves can be imported."
        raise layer.refuse("power: 1, scale: 1 and shift: 0", told, "power_param", hint)
    return None


def softmax(layer: CaffeLayer, shapes: Sequence[Shape]) -> Op:
    """Over channels."""
    _require_axis(layer, "softmax_param", 1)
    return Softmax()


OPERATIONS: dict[str, Operation] = {
    "Convolution": convolution,
    # Names that forks give to the same layer with a kernel of their own for groups of one channel.
    "ConvolutionDepthwise": convolution,
    "DepthwiseConvolution": convolution,
    "InnerProduct": inner_product,
    "Pooling": pooling,
    "ReLU": relu,
    "ReLU6": lambda layer, shapes: _plain(layer, "relu6"),
    "Swish": lambda layer, shapes: _plain(layer, "silu"),
    "TanH": lambda layer, shapes: Tanh(),
    "Sigmoid": lambda layer, shapes: Sigmoid(),
    "LRN": lrn,
    "Dropout": dropout,
    "BatchNorm": batch_norm,
    "Scale": scale,
    "Concat": concat,
    "Eltwise": eltwise,
    "Flatten": flatten,
    "Reshape": reshape,
    "Power": power,
    "Split": lambda layer, shapes: None,
    "Softmax": softmax,
}


def _plain(layer: CaffeLayer, kind: str) -> Op:
    """The operation ``kind``, which has no fields, where it is known."""
    if kind not in OPS:
        raise layer.refuse(f"the operation {kind}", "that there is none here")
    return OPS[kind]()


def _pair(layer: CaffeLayer, param: str, prefix: str, both: str, default: int) -> tuple[int, int]:
    """``kernel_h`` and ``kernel_w``, or ``kernel_size`` once for both or once for each."""
    message = layer.param(param)
    sides = (message.integer(f"{prefix}_h", default), message.integer(f"{prefix}_w", default))
    if sides == (default, default):
        given = message.integers(both) or (default,)
        if len(given) > 2:
            raise layer.refuse("height and width", f"{len(given)} numbers", f"{param}.{both}", "Pictures are flat.")
        sides = (given[0], given[-1])
    if min(sides) < (prefix != "pad"):
        raise layer.refuse(f"a positive {both}", f"{sides[0]}x{sides[1]}", f"{param}.{both}")
    return sides


def _padding(layer: CaffeLayer, param: str) -> tuple[int, int, int, int]:
    vertical, horizontal = _pair(layer, param, "pad", "pad", 0)
    return (vertical, vertical, horizontal, horizontal)


def _require_axis(layer: CaffeLayer, param: str, expected: int) -> None:
    axis = layer.param(param).integer("axis", expected)
    if axis != expected:
        raise layer.refuse(f"axis: {expected}, the channels", str(axis), f"{param}.axis")


def _weights(layer: CaffeLayer, param: str) -> dict[str, Any]:
    message = layer.param(param)
    kernel: Initializer = initializer(message, "weight_filler", Xavier())
    bias: Initializer = initializer(message, "bias_filler", Constant())
    return {
        "bias": message.flag("bias_term", True),
        "kernel_initializer": kernel,
        "bias_initializer": bias,
        **_multipliers(layer),
    }


def _multipliers(layer: CaffeLayer) -> dict[str, float]:
    """Factors on rate and decay of kernel and bias, as far as the layer says them."""
    named = (("rate", layer.rates), ("decay", layer.decays))
    return {
        f"{array}_{factor}": value
        for factor, values in named
        for array, value in zip(("kernel", "bias"), values, strict=False)
    }
