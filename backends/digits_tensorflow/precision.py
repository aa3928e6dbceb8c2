"""What fp16 needs besides casts: its smallest number is 6e-8, and most gradients are smaller."""

from __future__ import annotations

from digits_tensorflow.framework import tf

FIRST = 2.0**15
#: Good steps after which a larger factor is tried.
PATIENCE = 2000


class LossScale(tf.Module):
    """A factor on the loss that gradients are divided by again.

    It is halved, and the step left out, whenever a gradient leaves the range; it is not saved with the weights.

    Source: Micikevicius et al., *Mixed Precision Training*, 2018, https://arxiv.org/abs/1710.03740.

    Attributes:
        factor: The factor.
    """

    def __init__(self) -> None:
        super().__init__()
        self.factor = tf.Variable(FIRST, trainable=False, dtype=tf.float32)
        self._good = tf.Variable(0, trainable=False, dtype=tf.int64)

    def unscaled(self, gradients: dict[str, tf.Tensor]) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """Gradients of the loss itself and whether all of them are finite; the factor changes accordingly."""
        factor, good = self.factor.read_value(), self._good + 1
        usable = tf.reduce_all([tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients.values()])
        patient = good < PATIENCE
        self.factor.assign(tf.where(usable, tf.where(patient, factor, factor * 2), tf.maximum(factor / 2, 1.0)))
        self._good.assign(tf.where(usable & patient, good, 0))
        return {name: gradient / factor for name, gradient in gradients.items()}, usable
