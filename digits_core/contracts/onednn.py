"""What oneDNN must not be asked for, with which PyTorch and TensorFlow compute on processors."""

from __future__ import annotations

from typing import Any

from digits_core.graph.graph import Layer

#: Most channels that its kernels compute at once.
BLOCK = 16


def overruns(layer: Layer) -> bool:
    """Whether the gradient of a convolution's kernel is written outside its memory.

    It is where a window is one pixel, strides leave pixels out, channels lie together in memory and are fewer than a
    block: the process dies or, with AVX2, computes wrong gradients. Leaving those pixels out beforehand computes the
    same without harm.

    Source: https://github.com/uxlfoundation/oneDNN/issues/6035, open; with PyTorch 2.13 and TensorFlow 2.21.
    """
    op: Any = layer.op
    skips: bool = op.kernel == (1, 1) and op.stride != (1, 1)
    return skips and layer.input_shapes[0][0] // op.groups < BLOCK
