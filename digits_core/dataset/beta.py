"""Shares drawn from a beta distribution, keyed like all draws by seed and position in the stream."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.dataset.draws import Positions, uniforms

Reals: TypeAlias = npt.NDArray[np.float64]


def beta(seed: int, positions: Positions, name: str, alpha: float) -> Reals:
    """A number of Beta(α, α) for every position, float64 ``[B]``: ``X / (X + Y)``, both of Gamma(α).

    Args:
        seed: Seed of the job.
        positions: Where in the stream.
        name: What it is for: other names give independent numbers.
        alpha: α.
    """
    both = np.concatenate([2 * positions, 2 * positions + 1])
    x, y = np.split(_log_gamma(seed, both, name, alpha), 2)
    # Beyond e^±700 the quotient is 0 or 1 to every digit a float has.
    return 1 / (1 + np.exp(np.clip(y - x, -700, 700)))


def _log_gamma(seed: int, positions: Positions, name: str, alpha: float) -> Reals:
    """The logarithm of a number of Gamma(α) for every position; small ones leave the range of floats.

    Gamma(α + 1) by rejection, of which one in twenty or fewer is refused, times ``U^(1/α)``. Source: Marsaglia, Tsang,
    *A simple method for generating gamma variables*, 2000, https://doi.org/10.1145/358407.358414.
    """
    d = alpha + 2 / 3
    drawn = np.empty(len(positions))
    missing, attempt = np.arange(len(positions)), 0
    while len(missing):
        radius, angle, height, power = 1 - uniforms(seed, positions[missing], f"{name}/{attempt}", 4).T
        x = np.sqrt(-2 * np.log(radius)) * np.cos(2 * np.pi * angle)  # normal, by the transform of Box and Muller
        v = np.maximum(1 + x / np.sqrt(9 * d), 1e-100) ** 3
        kept = np.log(height) < x * x / 2 + d * (1 - v + np.log(v))
        drawn[missing[kept]] = (np.log(d * v) + np.log(power) / alpha)[kept]
        missing, attempt = missing[~kept], attempt + 1
    return drawn
