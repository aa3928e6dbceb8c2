"""A JAX loop by hand: Flax nnx and Optax, one jitted step with donated state, pictures in memory as uint8."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from benchmarks.handwritten.jax_networks import NETWORKS
from benchmarks.handwritten.runner import AUXILIARY, SPREAD, Labels, Pixels, Precision, Runner, shuffled
from digits_core.spec.solver import Sgd


def make_runner(
    network: str, images: Pixels, labels: Labels, classes: int, batch: int, solver: Sgd, precision: Precision = "fp32"
) -> Runner:
    """Train a network from random weights.

    Args:
        network: Its name.
        images: uint8 ``[N, H, W, C]``.
        labels: int32 ``[N]``.
        classes: How many there are.
        batch: Pictures per step.
        solver: Rate, momentum and decay.
        precision: Number format of activations; weights are fp32.
    """
    graphdef, params, rest = nnx.split(NETWORKS[network](classes, nnx.Rngs(0)), nnx.Param, ...)
    parameters = sum(weight.size for weight in jax.tree.leaves(params))
    optimizer = optax.chain(
        optax.add_decayed_weights(solver.weight_decay), optax.sgd(solver.rate, momentum=solver.momentum)
    )
    dtype = jnp.bfloat16 if precision == "bf16" else jnp.float32
    mean = images.mean(axis=0, dtype=np.float64).astype(np.float32)

    def loss_of(params: Any, rest: Any, pictures: jax.Array, targets: jax.Array) -> tuple[jax.Array, Any]:
        # What the argument dtype of a layer does: weights are lowered where they are used.
        lowered = jax.tree.map(lambda weight: weight.astype(dtype), params)
        model = nnx.merge(graphdef, lowered, rest, copy=True)
        logits = model(((pictures.astype(jnp.float32) - mean) / SPREAD).astype(dtype))
        main, *auxiliary = logits if isinstance(logits, tuple) else (logits,)
        loss = cross_entropy(main, targets) + AUXILIARY * sum(cross_entropy(one, targets) for one in auxiliary)
        return loss, nnx.state(model, nnx.Not(nnx.Param))

    def step(params: Any, rest: Any, slots: Any, pictures: jax.Array, targets: jax.Array) -> tuple[Any, ...]:
        (loss, rest), gradient = jax.value_and_grad(loss_of, has_aux=True)(params, rest, pictures, targets)
        updates, slots = optimizer.update(gradient, slots, params)
        return optax.apply_updates(params, updates), rest, slots, loss

    compiled = jax.jit(step, donate_argnums=(0, 1, 2))
    state: tuple[Any, ...] = (params, rest, optimizer.init(params))
    batches = shuffled(len(images), batch)

    def steps(count: int) -> float:
        nonlocal state
        loss = jnp.zeros(())
        for _ in range(count):
            chosen = next(batches)
            *moved, loss = compiled(*state, images[chosen], labels[chosen])
            state = tuple(moved)
        return float(jax.block_until_ready(loss))

    return Runner(steps, parameters)


def cross_entropy(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """Its mean over the batch."""
    return optax.softmax_cross_entropy_with_integer_labels(logits.astype(jnp.float32), targets).mean()
