"""Mean and variance of a batch that may lie in several processes, or be filled up with rows that are none."""

from __future__ import annotations

from typing import TypeAlias

import jax
import jax.numpy as jnp
from jax import lax

#: Mean, biased variance, and by what the variance is multiplied to be unbiased.
Statistics: TypeAlias = tuple[jax.Array, jax.Array, jax.Array | float]


def batch_statistics(x: jax.Array, real: jax.Array | None = None, axis: str | None = None) -> Statistics:
    """Statistics per channel, which is last.

    Args:
        x: ``[B, …, C]``.
        real: 0 for rows that do not count, ``[B]``; None: all count.
        axis: Along which other processes see the rest of the batch; None: all of it is here.
    """
    axes, count = tuple(range(x.ndim - 1)), x.size // x.shape[-1]
    if real is None and axis is None:
        mean = x.mean(axes)
        return mean, jnp.square(x - mean).mean(axes), count / max(count - 1, 1)
    return _pooled(*_moments(x, real), axis)


def _moments(x: jax.Array, real: jax.Array | None) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Count, mean, and sum of squared distances from it, of the rows here that count; there may be none."""
    real = jnp.ones(len(x), x.dtype) if real is None else real.astype(x.dtype)
    axes, mask = tuple(range(x.ndim - 1)), real.reshape(-1, *[1] * (x.ndim - 1))
    count = real.sum() * (x.size // max(len(x) * x.shape[-1], 1))
    mean = (x * mask).sum(axes) / jnp.maximum(count, 1)
    return count, mean, (jnp.square(x - mean) * mask).sum(axes)


def _pooled(count: jax.Array, mean: jax.Array, squares: jax.Array, axis: str | None) -> Statistics:
    """Statistics of all processes together, from one exchange.

    Source: Chan, Golub, LeVeque, *Updating formulae and a pairwise algorithm for computing sample variances*, 1979; it
    does not subtract large numbers that are nearly equal.
    """
    mine = jnp.concatenate([count[None], mean, squares])
    everyone = mine[None] if axis is None else lax.all_gather(mine, axis)
    counts, means, sums = everyone[:, :1], *jnp.split(everyone[:, 1:], 2, axis=1)
    total = counts.sum()
    mean = (counts * means).sum(0) / total
    variance = (sums + counts * jnp.square(means - mean)).sum(0) / total
    return mean, variance, lax.stop_gradient(total / jnp.maximum(total - 1, 1))
