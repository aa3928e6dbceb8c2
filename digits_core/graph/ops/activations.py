"""Operations on each element alone, and softmax."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from digits_core.graph.ops.op import Op
from digits_core.graph.shapes import Shape


class Relu(Op):
    """``max(x, 0)``; the gradient at 0 is 0."""

    kind: ClassVar = "relu"


class Relu6(Op):
    """``min(max(x, 0), 6)``; the gradient at 0 and at 6 is 0.

    Source: Howard et al., *MobileNets*, 2017, https://arxiv.org/abs/1704.04861.
    """

    kind: ClassVar = "relu6"

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Two per element."""
        return 2 * math.prod(output)


class Tanh(Op):
    """Hyperbolic tangent."""

    kind: ClassVar = "tanh"


class Sigmoid(Op):
    """``1 / (1 + exp(−x))``."""

    kind: ClassVar = "sigmoid"


class Silu(Op):
    """``x·sigmoid(x)``, also called swish.

    Source: Hendrycks, Gimpel, *Gaussian Error Linear Units*, 2016, https://arxiv.org/abs/1606.08415.
    """

    kind: ClassVar = "silu"

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Two per element."""
        return 2 * math.prod(output)


class Gelu(Op):
    """``x·Φ(x) = x·(1 + erf(x/√2))/2``, exactly: not the approximation by tanh.

    Source: Hendrycks, Gimpel, *Gaussian Error Linear Units*, 2016, https://arxiv.org/abs/1606.08415.
    """

    kind: ClassVar = "gelu"

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Two per element."""
        return 2 * math.prod(output)


class HardSigmoid(Op):
    """``relu6(x + 3) / 6``, straight lines in place of sigmoid.

    Source: Howard et al., *Searching for MobileNetV3*, 2019, https://arxiv.org/abs/1905.02244.
    """

    kind: ClassVar = "hard_sigmoid"

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Four per element."""
        return 4 * math.prod(output)


class HardSwish(Op):
    """``x·relu6(x + 3) / 6``, straight lines in place of silu's sigmoid.

    Source: Howard et al., *Searching for MobileNetV3*, 2019, https://arxiv.org/abs/1905.02244.
    """

    kind: ClassVar = "hard_swish"

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Five per element."""
        return 5 * math.prod(output)


class Softmax(Op):
    """``exp(x) / Σ exp(x)`` over channels or features."""

    kind: ClassVar = "softmax"

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Three per element."""
        return 3 * math.prod(output)
