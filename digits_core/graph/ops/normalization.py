"""Operations that bring activations to a common scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from digits_core.graph.initializers import Constant, Initializer
from digits_core.graph.ops.op import Op, Parameter
from digits_core.graph.shapes import Shape, ShapeMismatch, require_picture


class BatchNorm(Op):
    """``y = scale·(x − mean)/√(variance + ε) + offset`` per channel.

    While training with the mean and biased variance of the batch (over batch, height and width), and running statistics
    move: ``r ← (1 − m)·r + m·batch``, with the unbiased variance; otherwise with the running ones. Canonical ``scale``,
    ``offset``, ``mean``, ``variance``, each ``[C]``.
    Source: Ioffe, Szegedy, *Batch Normalization*, 2015, https://arxiv.org/abs/1502.03167.
    """

    kind: ClassVar = "batch_norm"
    momentum: float = Field(default=0.1, gt=0, le=1)
    """m, how fast the running statistics move."""
    epsilon: float = Field(default=1e-5, gt=0)
    """ε, keeps the quotient finite."""
    scale_initializer: Initializer = Constant(value=1.0)
    """How the scale starts."""

    def parameters(self, *inputs: Shape) -> dict[str, Parameter]:
        """``scale`` and ``offset``, and the running ``mean`` and ``variance``."""
        shape = inputs[0][:1]
        return {
            "scale": Parameter(shape, self.scale_initializer),
            "offset": Parameter(shape, Constant()),
            "mean": Parameter(shape, Constant(), trainable=False),
            "variance": Parameter(shape, Constant(value=1.0), trainable=False),
        }

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """One multiply-add per element."""
        return 2 * math.prod(output)


class LayerNorm(Op):
    """``y = scale·(x − mean)/√(variance + ε) + offset`` over the channels at each place, or over features.

    With the mean and biased variance of those channels; it does the same while training and otherwise. Canonical
    ``scale``, ``offset``, each ``[C]``.
    Source: Ba, Kiros, Hinton, *Layer Normalization*, 2016, https://arxiv.org/abs/1607.06450.
    """

    kind: ClassVar = "layer_norm"
    epsilon: float = Field(default=1e-6, gt=0)
    """ε, keeps the quotient finite."""

    def parameters(self, *inputs: Shape) -> dict[str, Parameter]:
        """``scale`` and ``offset``."""
        shape = inputs[0][:1]
        return {"scale": Parameter(shape, Constant(value=1.0)), "offset": Parameter(shape, Constant())}

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Mean, variance, and two multiply-adds: seven per element."""
        return 7 * math.prod(output)


class Lrn(Op):
    """Local response normalisation across channels: ``y = x / (k + α/size·Σ x²)^β``.

    The sum is over ``size`` channels centred on each one, missing channels count as 0.
    Source: Krizhevsky, Sutskever, Hinton, *ImageNet Classification with Deep CNNs*, 2012,
    https://papers.nips.cc/paper/4824.
    """

    kind: ClassVar = "lrn"
    size: int = Field(default=5, ge=1)
    """Channels in the sum; odd."""
    alpha: float = Field(default=1e-4, gt=0)
    """α, weight of the sum."""
    beta: float = Field(default=0.75, gt=0)
    """β, the exponent."""
    k: float = Field(default=1.0, gt=0)
    """k, keeps the quotient finite."""

    def output(self, *inputs: Shape) -> Shape:
        """The shape it is given."""
        if self.size % 2 == 0:
            raise ShapeMismatch("an odd size", str(self.size), "Use the next odd number.")
        require_picture(inputs[0])
        return inputs[0]

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """A multiply-add per channel in the sum, and three more."""
        return math.prod(output) * (2 * self.size + 3)


class ChannelScale(Op):
    """``y = scale·x`` with a learned factor per channel: ConvNeXt's layer scale, which begins close to 0.

    Canonical ``scale`` ``[C]``.
    Source: Touvron et al., *Going deeper with Image Transformers*, 2021, https://arxiv.org/abs/2103.17239.
    """

    kind: ClassVar = "channel_scale"
    initial: float = 1e-6
    """What every factor begins with."""

    def parameters(self, *inputs: Shape) -> dict[str, Parameter]:
        """``scale``."""
        return {"scale": Parameter(inputs[0][:1], Constant(value=self.initial))}
