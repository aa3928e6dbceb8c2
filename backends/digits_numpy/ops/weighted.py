"""Sums of products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from digits_core.graph.graph import Layer
from digits_numpy.arrays import Array
from digits_numpy.ops.op import Backward, Forward, Mode, Weights
from digits_numpy.windows import crop, pad, roll, taps, to_picture, unroll


def conv(layer: Layer) -> Forward:
    """Each group of filters is one matrix product over the unrolled windows."""
    op: Any = layer.op
    windows = op.windows(layer.input_shapes[0])

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        kernel = weights["kernel"]
        x = pad(inputs[0], windows, 0)
        places = list(taps(windows, op.kernel, op.stride, op.dilation))
        columns = np.stack([x[place] for place in places], axis=2)  # [B, C, kh·kw, h, w]
        unrolled = [unroll(part) for part in np.split(columns, op.groups, axis=1)]
        filters = [part.reshape(len(part), -1) for part in np.split(kernel, op.groups)]
        products = [u @ f.T for u, f in zip(unrolled, filters, strict=True)]
        y = to_picture(np.concatenate(products, axis=1), len(x), windows)
        if op.bias:
            y = y + weights["bias"][:, None, None]

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            flat = np.split(dy.transpose(0, 2, 3, 1).reshape(-1, dy.shape[1]), op.groups, axis=1)
            dkernel = np.concatenate([d.T @ u for d, u in zip(flat, unrolled, strict=True)]).reshape(kernel.shape)
            dcolumns = np.concatenate(
                [roll(d @ f, dy, len(places)) for d, f in zip(flat, filters, strict=True)], axis=1
            )
            dx = np.zeros_like(x)
            for index, place in enumerate(places):
                dx[place] += dcolumns[:, :, index]
            gradients = {"kernel": dkernel} | ({"bias": dy.sum((0, 2, 3))} if op.bias else {})
            return [crop(dx, windows, inputs[0])], gradients

        return y, backward

    return forward


def dense(layer: Layer) -> Forward:
    """One matrix product."""
    op: Any = layer.op

    def forward(inputs: Sequence[Array], weights: Weights, mode: Mode) -> tuple[Array, Backward]:
        kernel = weights["kernel"]
        x = inputs[0].reshape(len(inputs[0]), -1)
        y = x @ kernel.T

        def backward(dy: Array) -> tuple[Sequence[Array], Weights]:
            gradients = {"kernel": dy.T @ x} | ({"bias": dy.sum(0)} if op.bias else {})
            return [(dy @ kernel).reshape(inputs[0].shape)], gradients

        return (y + weights["bias"] if op.bias else y), backward

    return forward
