"""The update rules, one function each, as `digits_core.spec.update_rules` and `later_rules` write them.

Where a fused kernel of TensorFlow computes exactly the formula it is used; its Adam does not (it rounds ``1 − β₂``),
nor does its RMSProp (ε is inside the root).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from digits_core.spec.solver import Adadelta, Adagrad, Adam, AdamW, Lamb, Lars, Lion, Nesterov, Rmsprop, Sgd
from digits_tensorflow.arrays import Variables
from digits_tensorflow.framework import tf


class Turn(NamedTuple):
    """One weight at one step.

    Attributes:
        w: The weight.
        slots: Its slots by name.
        gradient: Its gradient, clipped: ∇.
        decay: λ, multiplied.
        kernel: Whether it is a kernel.
        lr: The learning rate, multiplied.
        step: Steps done so far.
    """

    w: tf.Variable
    slots: Variables
    gradient: tf.Tensor
    decay: float
    kernel: bool
    lr: tf.Tensor
    step: tf.Tensor

    @property
    def g(self) -> tf.Tensor:
        """``∇ + λ·w``."""
        return self.gradient + self.decay * self.w if self.decay else self.gradient


#: (solver, turn): updates weight and slots in place.
Rule: TypeAlias = Callable[[Any, Turn], None]


def sgd(solver: Sgd, turn: Turn) -> None:
    """``v = μ·v + g ; w −= lr·v``."""
    w, v = turn.w, turn.slots["velocity"]
    tf.raw_ops.ResourceApplyMomentum(var=w.handle, accum=v.handle, lr=turn.lr, grad=turn.g, momentum=solver.momentum)


def nesterov(solver: Nesterov, turn: Turn) -> None:
    """``v = μ·v + g ; w −= lr·(g + μ·v)``."""
    w, v = turn.w, turn.slots["velocity"]
    tf.raw_ops.ResourceApplyMomentum(
        var=w.handle, accum=v.handle, lr=turn.lr, grad=turn.g, momentum=solver.momentum, use_nesterov=True
    )


def adagrad(solver: Adagrad, turn: Turn) -> None:
    """``s += g² ; w −= lr·g/(√s + ε)``."""
    w, s = turn.w, turn.slots["square_sum"]
    tf.raw_ops.ResourceApplyAdagradV2(var=w.handle, accum=s.handle, lr=turn.lr, epsilon=solver.epsilon, grad=turn.g)


def rmsprop(solver: Rmsprop, turn: Turn) -> None:
    """``s = ρ·s + (1−ρ)·g² ; w −= lr·g/(√s + ε)``."""
    g = turn.g
    s = _remember(turn.slots["mean_square"], g * g, solver.rho)
    turn.w.assign_sub(turn.lr * g / (tf.sqrt(s) + solver.epsilon))


def adadelta(solver: Adadelta, turn: Turn) -> None:
    """``s = ρ·s + (1−ρ)·g² ; u = g·√(d+ε)/√(s+ε) ; d = ρ·d + (1−ρ)·u² ; w −= lr·u``."""
    g, d = turn.g, turn.slots["mean_square_step"]
    s = _remember(turn.slots["mean_square"], g * g, solver.rho)
    u = g * tf.sqrt(d + solver.epsilon) / tf.sqrt(s + solver.epsilon)
    _remember(d, u * u, solver.rho)
    turn.w.assign_sub(turn.lr * u)


def adam(solver: Adam, turn: Turn) -> None:
    """``m, v ← moments of g ; w −= lr·(m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)``, t = step + 1."""
    turn.w.assign_sub(turn.lr * _moments(solver, turn, turn.g))


def adamw(solver: AdamW, turn: Turn) -> None:
    """``m, v ← moments of ∇ ; w −= lr·((m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε) + λ·w)``, t = step + 1."""
    turn.w.assign_sub(turn.lr * (_moments(solver, turn, turn.gradient) + turn.decay * turn.w))


def lion(solver: Lion, turn: Turn) -> None:
    """``w −= lr·(sign(β₁·m + (1−β₁)·∇) + λ·w) ; m = β₂·m + (1−β₂)·∇``."""
    m = turn.slots["momentum"]
    u = tf.sign(solver.beta1 * m + (1 - solver.beta1) * turn.gradient)
    _remember(m, turn.gradient, solver.beta2)
    turn.w.assign_sub(turn.lr * (u + turn.decay * turn.w))


def lars(solver: Lars, turn: Turn) -> None:
    """``r = η·‖w‖/(‖∇‖ + λ·‖w‖) ; v = μ·v + r·g ; w −= lr·v``."""
    own = tf.norm(turn.w)
    r = solver.trust * (_quotient(own, tf.norm(turn.gradient) + turn.decay * own) if turn.kernel else 1.0)
    v = turn.slots["velocity"]
    v.assign(solver.momentum * v + r * turn.g)
    turn.w.assign_sub(turn.lr * v)


def lamb(solver: Lamb, turn: Turn) -> None:
    """``u = (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε) + λ·w ; w −= lr·‖w‖/‖u‖·u``, t = step + 1."""
    u = _moments(solver, turn, turn.gradient) + turn.decay * turn.w
    r = _quotient(tf.norm(turn.w), tf.norm(u)) if turn.kernel else 1.0
    turn.w.assign_sub(turn.lr * r * u)


RULES: dict[str, Rule] = {
    "sgd": sgd,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adadelta": adadelta,
    "adam": adam,
    "adamw": adamw,
    "lion": lion,
    "lars": lars,
    "lamb": lamb,
}
#: Rules of fused kernels, which are as fast as they get; XLA makes plain operations about twice as fast.
FUSED = frozenset({"sgd", "nesterov", "adagrad"})


def move_average(average: tf.Variable, w: tf.Variable, memory: float, step: tf.Tensor) -> None:
    """``a += max(1 − d, 9/(10 + step))·(w − a)``, d being the memory."""
    share = tf.maximum(tf.constant(1 - memory, w.dtype), 9 / (10 + tf.cast(step, w.dtype)))
    average.assign_add(share * (w - average))


def _moments(solver: Adam | AdamW | Lamb, turn: Turn, gradient: tf.Tensor) -> tf.Tensor:
    """``(m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)``, with moments that have moved."""
    t = tf.cast(turn.step + 1, tf.float64)
    bias1, bias2 = (tf.cast(1 - beta**t, gradient.dtype) for beta in (solver.beta1, solver.beta2))
    m = _remember(turn.slots["first_moment"], gradient, solver.beta1)
    v = _remember(turn.slots["second_moment"], gradient * gradient, solver.beta2)
    return m / bias1 / (tf.sqrt(v / bias2) + solver.epsilon)


def _remember(slot: tf.Variable, value: tf.Tensor, memory: float) -> tf.Variable:
    return slot.assign(memory * slot + (1 - memory) * value)


def _quotient(above: tf.Tensor, below: tf.Tensor) -> tf.Tensor:
    """1 where one of the two is 0."""
    return tf.where((above > 0) & (below > 0), tf.math.divide_no_nan(above, below), tf.ones_like(above))
