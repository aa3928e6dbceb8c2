"""Number formats: what weights are kept in, what activations are computed in, and how small gradients survive."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

#: Steps after which a larger factor is tried.
GROWTH_STEPS = 2000
Tree = TypeVar("Tree")


class Format(NamedTuple):
    """A number format.

    Attributes:
        weights: Of weights, slots, gradients, statistics and losses.
        activations: Of activations, and of weights where they meet them.
        scaled: Whether the loss has to be scaled lest gradients vanish.
    """

    weights: type[np.floating[Any]]
    activations: npt.DTypeLike
    scaled: bool = False

    @property
    def mixed(self) -> bool:
        """Whether activations are narrower than weights."""
        return np.dtype(self.weights) != np.dtype(self.activations)


FORMATS: dict[str, Format] = {
    "fp32": Format(np.float32, np.float32),
    "fp64": Format(np.float64, np.float64),
    "bf16": Format(np.float32, jnp.bfloat16),
    "fp16": Format(np.float32, np.float16, scaled=True),
}


def offered(kinds: frozenset[str]) -> frozenset[str]:
    """Number formats for devices of ``kinds``; fp16 is for GPUs, a processor is faster in every other one."""
    return frozenset(FORMATS) if "gpu" in kinds else frozenset(FORMATS) - {"fp16"}


class LossScale(NamedTuple):
    """A factor on the loss that keeps fp16 gradients from vanishing, as large as they can bear; part of a state.

    Source: Micikevicius et al., *Mixed Precision Training*, 2018, https://arxiv.org/abs/1710.03740, with the constants
    of ``torch.amp.GradScaler``.

    Attributes:
        factor: By what the loss is multiplied; a power of two, so that it rounds nothing.
        good: Steps since the factor changed, all of them finite.
    """

    factor: npt.ArrayLike
    good: npt.ArrayLike

    @classmethod
    def first(cls) -> LossScale:
        """What a run starts with."""
        return cls(np.float32(2.0**16), np.int32(0))

    def unscaled(self, gradients: Tree) -> tuple[Tree, jax.Array, LossScale]:
        """Gradients of the loss itself, whether all of them are finite, and the scale of the next step."""
        factor, good = jnp.asarray(self.factor), jnp.asarray(self.good) + 1
        finite = jnp.all(jnp.asarray([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(gradients)]))
        grows = good == GROWTH_STEPS
        larger = jnp.where(grows, factor * 2, factor)
        scale = LossScale(jnp.where(finite, larger, factor / 2), jnp.where(finite & ~grows, good, 0))
        return jax.tree.map(lambda gradient: gradient / factor, gradients), finite, scale


def chosen(condition: jax.Array, one: Tree, other: Tree) -> Tree:
    """``one`` where ``condition`` holds, else ``other``, leaf by leaf."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), one, other)
