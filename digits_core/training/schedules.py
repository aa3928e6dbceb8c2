"""The learning rate at any point of training: pure functions of the percent that is done."""

from __future__ import annotations

import math

from digits_core.spec.schedule import Cosine, Exp, Fixed, Inv, MultiStep, Poly, Schedule, Sigmoid, Step

#: Share of the policy's value that a warm-up starts from; zero would waste the first step.
WARMUP_START = 0.01


def learning_rate(schedule: Schedule, base: float, percent: float) -> float:
    """The rate at ``percent`` of training.

    While ``percent < warmup`` the policy's value is multiplied by ``0.01 + 0.99·percent/warmup``. The policy itself is
    computed on ``percent`` as it is, so that a warm-up delays nothing; only cosine starts its descent after it.

    Args:
        schedule: The policy; formulas are in `digits_core.spec.schedule`.
        base: Base learning rate, ``lr`` in the formulas.
        percent: How much of training is done, ``i`` in the formulas, from 0 to 100.

    Returns:
        The rate; infinite where a growing policy leaves the range of floats.

    >>> learning_rate(Fixed(), 0.01, 50)
    0.01
    >>> [learning_rate(Step(step=50, gamma=0.5), 0.5, i) for i in (0, 49.9, 50, 99)]
    [0.5, 0.5, 0.25, 0.25]
    >>> [learning_rate(MultiStep(steps=(50, 85), gamma=0.5), 1, i) for i in (49, 50, 85)]
    [1.0, 0.5, 0.25]
    >>> learning_rate(Exp(gamma=0.5), 1, 3)
    0.125
    >>> learning_rate(Inv(gamma=1, power=2), 1, 3)
    0.0625
    >>> learning_rate(Poly(power=3), 1, 50)
    0.125
    >>> learning_rate(Sigmoid(step=50), 1, 50)
    0.5
    >>> [learning_rate(Cosine(floor=0.5), 1, i) for i in (0, 50, 100)]
    [1.0, 0.75, 0.5]
    >>> [round(learning_rate(Fixed(warmup=10), 1, i), 3) for i in (0, 5, 10, 100)]
    [0.01, 0.505, 1.0, 1.0]
    """
    try:
        rate = base * _factor(schedule, percent)
    except OverflowError:
        rate = math.inf
    if percent < schedule.warmup:
        rate *= WARMUP_START + (1 - WARMUP_START) * percent / schedule.warmup
    return rate


def _factor(schedule: Schedule, i: float) -> float:
    factor: float
    match schedule:
        case Fixed():
            factor = 1.0
        case Step(step=step, gamma=gamma):
            factor = gamma ** float(math.floor(i / step))
        case MultiStep(steps=steps, gamma=gamma):
            factor = gamma ** float(sum(step <= i for step in steps))
        case Exp(gamma=gamma):
            factor = gamma**i
        case Inv(gamma=gamma, power=power):
            factor = (1 + gamma * i) ** -power
        case Poly(power=power):
            factor = max(1 - i / 100, 0.0) ** power
        case Sigmoid(step=step, gamma=gamma):
            # Beyond e^700 the quotient is zero to every digit a float has.
            factor = 1 / (1 + math.exp(min(gamma * (i - step), 700.0)))
        case Cosine(floor=floor, warmup=warmup):
            j = max(i - warmup, 0.0) / (100 - warmup)
            factor = floor + (1 - floor) * (1 + math.cos(math.pi * j)) / 2
    return factor
