"""LeNet in Flax nnx and Optax, written by hand: the yardstick for the JAX backend.

Standard layers, one jitted step with donated state, the whole dataset in memory as uint8, normalised inside the step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax
from flax import nnx


class Lenet(nnx.Module):
    """Caffe's LeNet for 28×28 gray pictures."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.conv1 = nnx.Conv(1, 20, (5, 5), padding="VALID", rngs=rngs)
        self.conv2 = nnx.Conv(20, 50, (5, 5), padding="VALID", rngs=rngs)
        self.fc1 = nnx.Linear(800, 500, rngs=rngs)
        self.fc2 = nnx.Linear(500, 10, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Logits ``[B, 10]`` of pictures ``[B, 28, 28, 1]``."""
        x = nnx.max_pool(self.conv1(x), (2, 2), (2, 2))
        x = nnx.max_pool(self.conv2(x), (2, 2), (2, 2))
        return self.fc2(nnx.relu(self.fc1(x.reshape(x.shape[0], -1))))


def make_runner(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int32],
    batch: int,
    rate: float,
    momentum: float,
    decay: float,
) -> Callable[[int], float]:
    """A loop that trains LeNet from random weights and goes on where it stopped.

    Args:
        images: uint8 ``[N, 28, 28, 1]``.
        labels: int32 ``[N]``.
        batch: Pictures per step.
        rate: Learning rate.
        momentum: Momentum of SGD.
        decay: L2 weight decay.

    Returns:
        A function that takes a number of steps, does them, waits, and returns the last loss.
    """
    graphdef, params = nnx.split(Lenet(nnx.Rngs(0)))
    optimizer = optax.chain(optax.add_decayed_weights(decay), optax.sgd(rate, momentum=momentum))
    mean = images.mean(axis=0, dtype=np.float64).astype(np.float32)

    def loss_of(params: Any, pictures: jax.Array, targets: jax.Array) -> jax.Array:
        logits = nnx.merge(graphdef, params)((pictures.astype(jnp.float32) - mean) / 80)
        return optax.softmax_cross_entropy_with_integer_labels(logits, targets).mean()

    def step(params: Any, slots: Any, pictures: jax.Array, targets: jax.Array) -> tuple[Any, Any, jax.Array]:
        loss, gradient = jax.value_and_grad(loss_of)(params, pictures, targets)
        updates, slots = optimizer.update(gradient, slots, params)
        return optax.apply_updates(params, updates), slots, loss

    compiled = jax.jit(step, donate_argnums=(0, 1))
    state = (params, optimizer.init(params))
    batches = _batches(images, labels, batch)

    def run(steps: int) -> float:
        nonlocal state
        loss = jnp.zeros(())
        for _ in range(steps):
            params, slots, loss = compiled(*state, *next(batches))
            state = (params, slots)
        return float(jax.block_until_ready(loss))

    return run


def _batches(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int32], batch: int) -> Any:
    """Shuffled full batches for ever."""
    random = np.random.default_rng(0)
    while True:
        order = random.permutation(len(images))
        for start in range(0, len(order) - batch + 1, batch):
            chosen = order[start : start + batch]
            yield images[chosen], labels[chosen]
