"""Random numbers that belong to a position in the sample stream, whoever asks for them, when, and in what order.

SplitMix64 as a hash: the state is ``key + (position + 1)·golden``, ``key = mix(seed)``, or ``mix(mix(seed) ^ h)`` with h
the 64-bit BLAKE2b of a word that says what the number is for. Source: Steele, Lea, Flood, *Fast splittable
pseudorandom number generators*, 2014, https://doi.org/10.1145/2660193.2660195.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

#: Positions in the sample stream: int64 ``[B]``.
Positions: TypeAlias = npt.NDArray[np.int64]
Bits: TypeAlias = npt.NDArray[np.uint64]
Reals: TypeAlias = npt.NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_UNIT = 2.0**-53


def bits(seed: int, positions: Positions, purpose: str = "") -> Bits:
    """64 random bits for every position.

    Args:
        seed: Seed of the job.
        positions: Where in the stream.
        purpose: What they are for: other words give independent numbers.
    """
    key = _mix(np.array([seed], np.uint64))
    if purpose:
        key = _mix(key ^ _hash(purpose))
    mixed: Bits = _mix(key + (positions.astype(np.uint64) + np.uint64(1)) * _GOLDEN)
    return mixed


def uniform(seed: int, positions: Positions, purpose: str) -> Reals:
    """A number in (0, 1) for every position, a multiple of 2⁻⁵³ and half of that."""
    return ((bits(seed, positions, purpose) >> np.uint64(11)).astype(np.float64) + 0.5) * _UNIT


def whole(seed: int, positions: Positions, purpose: str, count: int) -> Positions:
    """A whole number from 0 to ``count`` − 1 for every position, ``count`` at most 2³²."""
    high = bits(seed, positions, purpose) >> np.uint64(32)
    return ((high * np.uint64(count)) >> np.uint64(32)).astype(np.int64)


def beta(seed: int, positions: Positions, purpose: str, alpha: float) -> Reals:
    """A number of Beta(α, α) for every position: ``X / (X + Y)``, both of Gamma(α)."""
    both = np.concatenate([2 * positions, 2 * positions + 1])
    x, y = np.split(_log_gamma(seed, both, purpose, alpha), 2)
    # Beyond e^±700 the quotient is 0 or 1 to every digit a float has.
    return 1 / (1 + np.exp(np.clip(y - x, -700, 700)))


def _log_gamma(seed: int, positions: Positions, purpose: str, alpha: float) -> Reals:
    """The logarithm of a number of Gamma(α) for every position; small ones leave the range of floats.

    Gamma(α + 1) by rejection, of which one in twenty or fewer is refused, times ``U^(1/α)``. Source: Marsaglia, Tsang,
    *A simple method for generating gamma variables*, 2000, https://doi.org/10.1145/358407.358414.
    """
    d = alpha + 2 / 3
    c = 1 / np.sqrt(9 * d)
    drawn = np.empty(len(positions))
    open_, attempt = np.arange(len(positions)), 0
    while len(open_):
        own, here = positions[open_], f"{purpose}/{attempt}"
        x = _normal(seed, own, here)
        v = np.maximum(1 + c * x, 1e-100) ** 3
        kept = np.log(uniform(seed, own, f"{here}/accept")) < x * x / 2 + d * (1 - v + np.log(v))
        drawn[open_[kept]] = np.log(d * v[kept])
        open_, attempt = open_[~kept], attempt + 1
    return drawn + np.log(uniform(seed, positions, f"{purpose}/power")) / alpha


def _normal(seed: int, positions: Positions, purpose: str) -> Reals:
    """A number of the standard normal distribution for every position, by the transform of Box and Muller."""
    radius = np.sqrt(-2 * np.log(uniform(seed, positions, f"{purpose}/radius")))
    return radius * np.cos(2 * np.pi * uniform(seed, positions, f"{purpose}/angle"))


@cache
def _hash(purpose: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(purpose.encode(), digest_size=8).digest(), "little"))


def _mix(z: Bits) -> Bits:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
