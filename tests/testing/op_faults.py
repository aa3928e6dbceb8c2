"""Operations with one planted fault each: the kind, and what makes a faulty builder of the right one."""

import dataclasses

import numpy as np

from digits_numpy.ops import OPS


def _tanh_gelu(layer, right):
    def forward(inputs, weights, mode):
        x = inputs[0]
        bent = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
        return 0.5 * x * (1 + bent), right(inputs, weights, mode)[1]

    return forward


def _rows_of_the_part(layer, right):
    return lambda inputs, weights, mode: right(inputs, weights, dataclasses.replace(mode, first=0))


def _interleaved(layer, right):
    """Heads take turns with queries, keys and values along the channels."""
    heads = layer.op.heads

    def forward(inputs, weights, mode):
        x = inputs[0]
        apart = x.reshape(len(x), heads, 3, -1, *x.shape[2:]).swapaxes(1, 2)
        y, backward = right([apart.reshape(x.shape)], weights, mode)

        def interleaved(dy):
            d = backward(dy)[0][0].reshape(apart.shape)
            return [d.swapaxes(1, 2).reshape(x.shape)], {}

        return y, interleaved

    return forward


def _gradient_of_one_place(layer, right):
    """What weighs a channel is told about one place only."""

    def forward(inputs, weights, mode):
        y, backward = right(inputs, weights, mode)

        def poorer(dy):
            first, second = backward(dy)[0]
            return [first, dy[:, :, :1, :1] * inputs[0][:, :, :1, :1] if second.shape != dy.shape else second], {}

        return y, poorer

    return forward


def _unbiased(layer, right):
    channels = layer.output[0]
    return lambda inputs, weights, mode: right(
        inputs, {**weights, "scale": weights["scale"] * np.sqrt(1 - 1 / channels)}, mode
    )


def _forward(bend):
    """What comes out is ``bend(y, x, layer)``; gradients are right."""

    def make(layer, right):
        def forward(inputs, weights, mode):
            y, backward = right(inputs, weights, mode)
            return bend(y, inputs[0], layer).astype(y.dtype), backward

        return forward

    return make


def _backward(bend):
    """Gradients of the inputs are ``bend(gradients, dy, x, y)``; what comes out is right."""

    def make(layer, right):
        def forward(inputs, weights, mode):
            y, backward = right(inputs, weights, mode)

            def bent(dy):
                gradients, others = backward(dy)
                return bend(list(gradients), dy, inputs[0], y), others

            return y, bent

        return forward

    return make


def _weights_of_a_mean(layer, right):
    """Gradients of weights are means over the batch instead of sums."""

    def forward(inputs, weights, mode):
        y, backward = right(inputs, weights, mode)

        def meaned(dy):
            gradients, others = backward(dy)
            return gradients, {name: gradient / len(dy) for name, gradient in others.items()}

        return y, meaned

    return forward


def _other_fields(change):
    """The operation with ``change(op)`` among its fields."""
    return lambda layer, right: OPS[layer.op.kind](
        dataclasses.replace(layer, op=layer.op.model_copy(update=change(layer.op)))
    )


def _channels_take_turns(y, x, layer):
    """Filters of a grouped convolution as if all first filters of the groups came first."""
    groups = layer.op.groups
    return y.reshape(len(y), groups, -1, *y.shape[2:]).swapaxes(1, 2).reshape(y.shape)


def _by_columns(y, x, layer):
    """Tokens of pixels column by column; a learned one stays in front."""
    pixels = x.swapaxes(2, 3).reshape(*x.shape[:2], -1, 1)
    return np.concatenate([y[:, :, : y.shape[2] - pixels.shape[2]], pixels], axis=2)


def _steep_hard_sigmoid(x):
    return np.clip(0.2 * x + 0.5, 0, 1)


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


OP_FAULTS = {
    "TanhGelu": ("gelu", _tanh_gelu),
    "DepthOfThePart": ("stochastic_depth", _rows_of_the_part),
    "InterleavedHeads": ("attention", _interleaved),
    "GateOfOnePlace": ("multiply", _gradient_of_one_place),
    "UnbiasedLayerNorm": ("layer_norm", _unbiased),
    "ColoursReversed": ("input", _forward(lambda y, x, layer: y[:, ::-1])),
    "FiltersTakeTurns": ("conv", _forward(_channels_take_turns)),
    "PaddingIsNoPixel": ("average_pool", _other_fields(lambda op: {"count_include_pad": not op.count_include_pad})),
    "SumOverThePicture": ("global_average_pool", _forward(lambda y, x, layer: x.sum((2, 3), keepdims=y.ndim == 4))),
    "MeanOfDense": ("dense", _weights_of_a_mean),
    "ReluLeaks": ("relu", _forward(lambda y, x, layer: np.where(x > 0, x, 0.01 * x))),
    "Relu6WithoutItsEnd": ("relu6", _forward(lambda y, x, layer: np.maximum(x, 0))),
    "TanhSlopeOfX": ("tanh", _backward(lambda dx, dy, x, y: [dy * (1 - x * x)])),
    "SigmoidSlopeOfY": ("sigmoid", _backward(lambda dx, dy, x, y: [dy * y])),
    "SiluSlopeOfSigmoid": ("silu", _backward(lambda dx, dy, x, y: [dy * _sigmoid(x)])),
    "SteepHardSigmoid": ("hard_sigmoid", _forward(lambda y, x, layer: _steep_hard_sigmoid(x))),
    "SteepHardSwish": ("hard_swish", _forward(lambda y, x, layer: x * _steep_hard_sigmoid(x))),
    "AlphaOfEachNeighbour": ("lrn", _other_fields(lambda op: {"alpha": op.alpha * op.size})),
    "MeanOfScale": ("channel_scale", _weights_of_a_mean),
    "ConcatBackToFront": ("concat", _backward(lambda dx, dy, x, y: dx[:1] + [d[:, ::-1] for d in dx[1:]])),
    "AddForgetsTheLast": ("add", _backward(lambda dx, dy, x, y: [*dx[:-1], 0 * dx[-1]])),
    "FlattenChannelsLast": ("flatten", _forward(lambda y, x, layer: np.moveaxis(x, 1, -1).reshape(y.shape))),
    "TokensByColumns": ("tokens", _forward(_by_columns)),
    "MeanOfPosition": ("position", _weights_of_a_mean),
    "AlwaysTheFirstToken": ("token", _other_fields(lambda op: {"index": 0})),
    "SoftmaxOfEachAlone": ("softmax", _backward(lambda dx, dy, x, y: [dy * y * (1 - y)])),
}
