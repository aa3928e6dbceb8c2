"""Operations with one planted fault each: the kind, and what makes a faulty builder of the right one."""

import dataclasses

import numpy as np


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


OP_FAULTS = {
    "TanhGelu": ("gelu", _tanh_gelu),
    "DepthOfThePart": ("stochastic_depth", _rows_of_the_part),
    "InterleavedHeads": ("attention", _interleaved),
    "GateOfOnePlace": ("multiply", _gradient_of_one_place),
    "UnbiasedLayerNorm": ("layer_norm", _unbiased),
}
