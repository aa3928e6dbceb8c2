"""The update rules, one function each, as `digits_core.spec.solver` writes them.

Where a fused kernel of TensorFlow computes exactly the formula it is used; its Adam does not (it rounds ``1 − β₂``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from digits_core.spec.solver import Adagrad, Adam, Nesterov, Sgd
from digits_tensorflow.arrays import Variables
from digits_tensorflow.framework import tf

#: (solver, weight, slots, gradient with decay, learning rate, step): updates weight and slots in place.
Rule: TypeAlias = Callable[[Any, tf.Variable, Variables, tf.Tensor, tf.Tensor, tf.Tensor], None]


def sgd(solver: Sgd, w: tf.Variable, slots: Variables, g: tf.Tensor, lr: tf.Tensor, step: tf.Tensor) -> None:
    """``v = μ·v + g ; w −= lr·v``."""
    v = slots["velocity"]
    tf.raw_ops.ResourceApplyMomentum(var=w.handle, accum=v.handle, lr=lr, grad=g, momentum=solver.momentum)


def nesterov(solver: Nesterov, w: tf.Variable, slots: Variables, g: tf.Tensor, lr: tf.Tensor, step: tf.Tensor) -> None:
    """``v = μ·v + g ; w −= lr·(g + μ·v)``."""
    v = slots["velocity"]
    tf.raw_ops.ResourceApplyMomentum(
        var=w.handle, accum=v.handle, lr=lr, grad=g, momentum=solver.momentum, use_nesterov=True
    )


def adagrad(solver: Adagrad, w: tf.Variable, slots: Variables, g: tf.Tensor, lr: tf.Tensor, step: tf.Tensor) -> None:
    """``s += g² ; w −= lr·g/(√s + ε)``."""
    s = slots["square_sum"]
    tf.raw_ops.ResourceApplyAdagradV2(var=w.handle, accum=s.handle, lr=lr, epsilon=solver.epsilon, grad=g)


def adam(solver: Adam, w: tf.Variable, slots: Variables, g: tf.Tensor, lr: tf.Tensor, step: tf.Tensor) -> None:
    """``m, v ← moments ; w −= lr·(m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)``, t = step + 1."""
    t = tf.cast(step + 1, tf.float64)
    bias1, bias2 = (tf.cast(1 - beta**t, g.dtype) for beta in (solver.beta1, solver.beta2))
    m = slots["first_moment"].assign(solver.beta1 * slots["first_moment"] + (1 - solver.beta1) * g)
    v = slots["second_moment"].assign(solver.beta2 * slots["second_moment"] + (1 - solver.beta2) * g * g)
    w.assign_sub(lr / bias1 * m / (tf.sqrt(v / bias2) + solver.epsilon))


RULES: dict[str, Rule] = {"sgd": sgd, "nesterov": nesterov, "adagrad": adagrad, "adam": adam}
#: Rules of plain operations, which XLA makes about twice as fast; fused kernels are as fast as they get.
UNFUSED = frozenset({"adam"})
