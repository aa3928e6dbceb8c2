"""What a pass is, and what every operation does in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from digits_core.graph.graph import Layer
from digits_tensorflow.framework import tf
from digits_tensorflow.team import Gathering


@dataclass(slots=True)
class Pass:
    """One pass forward.

    Attributes:
        weights: Tensors or variables by canonical name.
        training: Whether dropout drops and batch norm uses the batch.
        seed: Seed of the job.
        step: Steps done so far, an integer tensor.
        first: Row of the global batch that the first picture is, an integer tensor.
        gatherings: Where the batch is that of several processes, how those of a batch norm meet, by layer.
        finite: Whether infinity is to be avoided, for what is computed in whole numbers afterwards.
        moved: Running statistics after the pass, by canonical name.
    """

    weights: Mapping[str, tf.Tensor]
    training: bool = False
    seed: int = 0
    step: tf.Tensor | int = 0
    first: tf.Tensor | int = 0
    gatherings: Mapping[str, Gathering] = field(default_factory=dict)
    finite: bool = False
    moved: dict[str, tf.Tensor] = field(default_factory=dict)

    def weight(self, layer: Layer, name: str) -> tf.Tensor:
        """A weight of the layer, in the number format that gradients are summed in."""
        return self.weights[f"{layer.name}/{name}"]

    def kernel(self, layer: Layer, like: tf.Tensor) -> tf.Tensor:
        """The layer's kernel in the number format of its input."""
        kernel = self.weight(layer, "kernel")
        return kernel if kernel.dtype == like.dtype else tf.cast(kernel, like.dtype)


Builder: TypeAlias = Callable[[Layer, Sequence[tf.Tensor], Pass], tf.Tensor]


def summable(x: tf.Tensor) -> tf.Tensor:
    """``x`` in a number format that sums and powers can be made in."""
    return tf.cast(x, tf.float32) if x.dtype.size == 2 else x
