"""The operations of a graph, in the order that every backend's ``ops.py`` follows.

An operation is typed data with three questions it answers: the shape it gives, the weights it has, and the floating
point operations it costs per picture (a multiply-add counts as two). Formulas are in the docstrings; the numpy backend
is their executable form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from digits_core.graph.initializers import Constant, Initializer, Xavier
from digits_core.graph.shapes import Pair, Shape, ShapeMismatch, Sides, Windows, slide
from digits_core.spec.model import Spec


@dataclass(frozen=True, slots=True)
class Parameter:
    """An array that belongs to a layer.

    Attributes:
        shape: Its canonical shape.
        initializer: How it starts.
        trainable: Whether the solver changes it; batch norm's running statistics and the mean picture are not.
        rate_multiplier: Factor on the learning rate.
        decay_multiplier: Factor on the weight decay.
    """

    shape: Shape
    initializer: Initializer
    trainable: bool = True
    rate_multiplier: float = 1.0
    decay_multiplier: float = 1.0

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


class Op(Spec):
    """One kind of operation; subclasses are leaves."""

    #: What users write.
    kind: ClassVar[str]
    #: How many inputs it takes, as (at least, at most); None: any number.
    arity: ClassVar[tuple[int, int | None]] = (1, 1)

    def output(self, *inputs: Shape) -> Shape:
        """The shape it gives; most operations keep the one they are given.

        Raises:
            ShapeMismatch: If it cannot work on ``inputs``.
        """
        return inputs[0]

    def parameters(self, *inputs: Shape) -> dict[str, Parameter]:
        """Its weights by local name; most operations have none."""
        return {}

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Floating point operations per picture; one per element given unless it says otherwise."""
        return math.prod(output)


class Input(Op):
    """``y = (x − mean)·scale`` for pictures of 0 to 255.

    The only layer without inputs; it is named ``input``. ``mean`` is subtracted as one value per channel (``pixel``,
    canonical ``input/mean`` ``[C, 1, 1]``) or as a picture (``image``, ``[C, H, W]``).
    """

    kind: ClassVar = "input"
    arity: ClassVar = (0, 0)
    channels: int = Field(ge=1)
    """Channels of the picture."""
    height: int = Field(ge=1)
    """Height in pixels."""
    width: int = Field(ge=1)
    """Width in pixels."""
    scale: float = Field(default=1.0, gt=0)
    """Factor after the mean is subtracted."""
    mean: Literal["none", "pixel", "image"] = "none"
    """What is subtracted."""

    def output(self, *inputs: Shape) -> Shape:
        """The picture."""
        return (self.channels, self.height, self.width)

    def parameters(self, *inputs: Shape) -> dict[str, Parameter]:
        """``mean``, unless nothing is subtracted; filled from the dataset."""
        shapes: dict[str, Shape] = {
            "pixel": (self.channels, 1, 1),
            "image": (self.channels, self.height, self.width),
        }
        if self.mean == "none":
            return {}
        return {"mean": Parameter(shapes[self.mean], Constant(), trainable=False)}


class _Weighted(Op):
    """Fields that operations with a kernel and a bias share."""

    bias: bool = True
    """Whether a bias is added."""
    kernel_initializer: Initializer = Xavier()
    """How the kernel starts."""
    bias_initializer: Initializer = Constant()
    """How the bias starts."""
    kernel_rate: float = Field(default=1.0, ge=0)
    """Factor on the learning rate of the kernel."""
    bias_rate: float = Field(default=1.0, ge=0)
    """Factor on the learning rate of the bias."""
    kernel_decay: float = Field(default=1.0, ge=0)
    """Factor on the weight decay of the kernel."""
    bias_decay: float = Field(default=1.0, ge=0)
    """Factor on the weight decay of the bias."""

    def _weights(self, kernel: Shape) -> dict[str, Parameter]:
        weights = {"kernel": Parameter(kernel, self.kernel_initializer, True, self.kernel_rate, self.kernel_decay)}
        if self.bias:
            weights["bias"] = Parameter(kernel[:1], self.bias_initializer, True, self.bias_rate, self.bias_decay)
        return weights


class Conv(_Weighted):
    """Cross-correlation: ``y[o, i, j] = bias[o] + Σ kernel[o, c, u, v]·x[c, i·stride + u·dilation, …]``.

    Canonical ``kernel`` ``[filters, C/groups, kh, kw]``, ``bias`` ``[filters]``. Output channel o of group g sees the
    input channels of group g.
    """

    kind: ClassVar = "conv"
    filters: int = Field(ge=1)
    """Number of output channels."""
    kernel: Pair
    """Size of the window."""
    stride: Pair = (1, 1)
    """Distance between windows."""
    padding: Sides = (0, 0, 0, 0)
    """Rows and columns of zeros around the picture."""
    dilation: Pair = (1, 1)
    """Distance between the elements of a window."""
    groups: int = Field(default=1, ge=1)
    """Number of groups that channels are divided into."""

    def windows(self, shape: Shape) -> Windows:
        """Where the windows lie over ``shape``."""
        return slide(shape, self.kernel, self.stride, self.padding, dilation=self.dilation)

    def output(self, *inputs: Shape) -> Shape:
        """``[filters, h, w]``."""
        windows = self.windows(inputs[0])
        if inputs[0][0] % self.groups or self.filters % self.groups:
            raise ShapeMismatch(
                f"channels and filters divisible by groups = {self.groups}",
                f"{inputs[0][0]} channels and {self.filters} filters",
                "Change groups or filters.",
            )
        return (self.filters, *windows.output)

    def parameters(self, *inputs: Shape) -> dict[str, Parameter]:
        """``kernel`` and ``bias``."""
        return self._weights((self.filters, inputs[0][0] // self.groups, *self.kernel))

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Two per weight and window, one per bias addition."""
        per_output = 2 * inputs[0][0] // self.groups * math.prod(self.kernel)
        return math.prod(output) * (per_output + self.bias)


class _Pool(Op):
    """Fields that pooling operations share."""

    kernel: Pair
    """Size of the window."""
    stride: Pair = (1, 1)
    """Distance between windows."""
    padding: Sides = (0, 0, 0, 0)
    """Rows and columns around the picture."""
    ceil_mode: bool = False
    """Whether a window may hang over the end, so that the last pixels are seen (Caffe does)."""

    def windows(self, shape: Shape) -> Windows:
        """Where the windows lie over ``shape``."""
        return slide(shape, self.kernel, self.stride, self.padding, ceil_mode=self.ceil_mode)

    def output(self, *inputs: Shape) -> Shape:
        """``[C, h, w]``."""
        for axis, word in enumerate(("height", "width")):
            before, after = self.padding[2 * axis : 2 * axis + 2]
            if max(before, after) >= self.kernel[axis]:
                raise ShapeMismatch(
                    f"padding smaller than the kernel's {word} {self.kernel[axis]}",
                    str(max(before, after)),
                    "Use less padding.",
                )
        return (inputs[0][0], *self.windows(inputs[0]).output)

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """One per element of each window."""
        return math.prod(output) * math.prod(self.kernel)


class MaxPool(_Pool):
    """The largest element of each window; padding is −∞."""

    kind: ClassVar = "max_pool"


class AveragePool(_Pool):
    """The mean of each window.

    With ``count_include_pad`` the divisor counts asked-for padding (as zeros), else only pixels; rows and columns that
    ceil mode adds never count.
    """

    kind: ClassVar = "average_pool"
    count_include_pad: bool = True
    """Whether padding counts in the divisor."""

    def countable(self, shape: Shape) -> tuple[list[int], list[int]]:
        """How many rows, and how many columns, count in each window over ``shape``: the divisor is their product."""
        windows = self.windows(shape)
        counts: tuple[list[int], list[int]] = ([], [])
        for axis, found in enumerate(counts):
            before, after = self.padding[2 * axis : 2 * axis + 2] if self.count_include_pad else (0, 0)
            first, last = -before, shape[axis + 1] + after
            for index in range(windows.output[axis]):
                start = index * self.stride[axis] - self.padding[2 * axis]
                found.append(min(start + self.kernel[axis], last) - max(start, first))
        return counts


class GlobalAveragePool(Op):
    """The mean of each channel, ``[C, 1, 1]``."""

    kind: ClassVar = "global_average_pool"

    def output(self, *inputs: Shape) -> Shape:
        """``[C, 1, 1]``."""
        if len(inputs[0]) != 3:
            raise ShapeMismatch("a picture [C, H, W]", f"shape {list(inputs[0])}", "Put it before dense and flatten.")
        return (inputs[0][0], 1, 1)

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """One per input element."""
        return math.prod(inputs[0])


class Dense(_Weighted):
    """``y = kernel·x + bias``; a picture is flattened in C, H, W order first.

    Canonical ``kernel`` ``[units, F]``, ``bias`` ``[units]``.
    """

    kind: ClassVar = "dense"
    units: int = Field(ge=1)
    """Number of outputs."""

    def output(self, *inputs: Shape) -> Shape:
        """``[units]``."""
        return (self.units,)

    def parameters(self, *inputs: Shape) -> dict[str, Parameter]:
        """``kernel`` and ``bias``."""
        return self._weights((self.units, math.prod(inputs[0])))

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Two per weight, one per bias addition."""
        return self.units * (2 * math.prod(inputs[0]) + self.bias)


class Relu(Op):
    """``max(x, 0)``; the gradient at 0 is 0."""

    kind: ClassVar = "relu"


class Tanh(Op):
    """Hyperbolic tangent."""

    kind: ClassVar = "tanh"


class Sigmoid(Op):
    """``1 / (1 + exp(−x))``."""

    kind: ClassVar = "sigmoid"


class Dropout(Op):
    """While training each element is 0 with probability ``rate``, else ``x / (1 − rate)``; otherwise ``x``.

    The mask is a pure function of (seed, layer, step, row, element), the same in every backend: see ``graph.dropout``.
    Source: Srivastava et al., *Dropout*, 2014, https://jmlr.org/papers/v15/srivastava14a.html.
    """

    kind: ClassVar = "dropout"
    rate: float = Field(default=0.5, ge=0, lt=1)
    """Probability of 0."""


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

    def parameters(self, *inputs: Shape) -> dict[str, Parameter]:
        """``scale`` and ``offset``, and the running ``mean`` and ``variance``."""
        shape = inputs[0][:1]
        return {
            "scale": Parameter(shape, Constant(value=1.0)),
            "offset": Parameter(shape, Constant()),
            "mean": Parameter(shape, Constant(), trainable=False),
            "variance": Parameter(shape, Constant(value=1.0), trainable=False),
        }

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """One multiply-add per element."""
        return 2 * math.prod(output)


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
        if len(inputs[0]) != 3:
            raise ShapeMismatch("a picture [C, H, W]", f"shape {list(inputs[0])}", "Put it before dense and flatten.")
        return inputs[0]

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """A multiply-add per channel in the sum, and three more."""
        return math.prod(output) * (2 * self.size + 3)


class Concat(Op):
    """Joins channels, in the order of the inputs."""

    kind: ClassVar = "concat"
    arity: ClassVar = (2, None)

    def output(self, *inputs: Shape) -> Shape:
        """``[ΣC, H, W]``."""
        if len({shape[1:] for shape in inputs}) > 1:
            raise ShapeMismatch(
                "inputs of equal height and width",
                ", ".join(str(list(shape)) for shape in inputs),
                "Pad or pool the branches to the same size.",
            )
        return (sum(shape[0] for shape in inputs), *inputs[0][1:])

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """None: it only moves."""
        return 0


class Add(Op):
    """The sum of its inputs, element by element."""

    kind: ClassVar = "add"
    arity: ClassVar = (2, None)

    def output(self, *inputs: Shape) -> Shape:
        """The shape of each input."""
        if len(set(inputs)) > 1:
            raise ShapeMismatch(
                "inputs of equal shape",
                ", ".join(str(list(shape)) for shape in inputs),
                "Bring the branches to one shape, for example by a 1×1 convolution.",
            )
        return inputs[0]

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """One per element and further input."""
        return math.prod(output) * (len(inputs) - 1)


class Flatten(Op):
    """``[C, H, W]`` to ``[C·H·W]``, in that order."""

    kind: ClassVar = "flatten"

    def output(self, *inputs: Shape) -> Shape:
        """``[C·H·W]``."""
        return (math.prod(inputs[0]),)

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """None: it only moves."""
        return 0


class Softmax(Op):
    """``exp(x) / Σ exp(x)`` over channels or features."""

    kind: ClassVar = "softmax"

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Three per element."""
        return 3 * math.prod(output)


#: Every operation of the core by kind, in documentation order.
OPS: dict[str, type[Op]] = {
    op.kind: op
    for op in (
        Input,
        Conv,
        MaxPool,
        AveragePool,
        GlobalAveragePool,
        Dense,
        Relu,
        Tanh,
        Sigmoid,
        Dropout,
        BatchNorm,
        Lrn,
        Concat,
        Add,
        Flatten,
        Softmax,
    )
}
