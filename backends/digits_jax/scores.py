"""Loss and hits of a batch, as sums over its samples."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from digits_core.contracts.backend import HEAD_PREFIX, score_names
from digits_core.graph.graph import Graph, Loss


def score(graph: Graph, values: Mapping[str, jax.Array], labels: jax.Array, weights: jax.Array) -> dict[str, jax.Array]:
    """The scores of the contract.

    Args:
        graph: Its losses and main output are scored.
        values: Activations; logits ``[B, classes]`` among them.
        labels: int32 ``[B]``.
        weights: float32 ``[B]``; 0 marks padding.
    """
    # In a half format only the passes through the network are.
    values = {name: _at_least_fp32(value) for name, value in values.items()}
    weights = weights.astype(values[graph.output].dtype)
    found = [jnp.sum(weights * _cross_entropy(values[loss.logits], labels, loss)) for loss in graph.losses]
    total = sum(loss.weight * own for loss, own in zip(graph.losses, found, strict=True))
    rank = _rank(values[graph.output], labels)
    scores = {
        "loss": jnp.asarray(total),
        "correct": jnp.sum(weights * (rank < 1)),
        "top5": jnp.sum(weights * (rank < 5)),
        "samples": jnp.sum(weights),
    }
    for loss, own in zip(graph.losses, found, strict=True):
        scores[f"{HEAD_PREFIX}{loss.logits}"] = scores.get(f"{HEAD_PREFIX}{loss.logits}", 0) + own
    return {name: scores[name] for name in score_names(graph)}


def _at_least_fp32(value: jax.Array) -> jax.Array:
    return value.astype(jnp.promote_types(value.dtype, jnp.float32))


def _cross_entropy(logits: jax.Array, labels: jax.Array, loss: Loss) -> jax.Array:
    """``−Σ target·log softmax(logits)`` per sample."""
    log_share = jax.nn.log_softmax(logits)
    # A comparison instead of an index: the gradient of an index is a scatter, which is slow.
    at_label = jnp.where(_is_label(logits, labels), log_share, 0).sum(1)
    return -((1 - loss.label_smoothing) * at_label + loss.label_smoothing * log_share.mean(1))


def _rank(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """How many classes come before the label; among equal logits the lower class comes first."""
    own = jnp.where(_is_label(logits, labels), logits, 0).sum(1, keepdims=True)
    earlier = jnp.arange(logits.shape[1]) < labels[:, None]
    return ((logits > own) | ((logits == own) & earlier)).sum(1)


def _is_label(logits: jax.Array, labels: jax.Array) -> jax.Array:
    return jnp.arange(logits.shape[1]) == labels[:, None]
