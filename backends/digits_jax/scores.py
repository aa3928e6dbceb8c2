"""Loss and hits of a batch, as sums over its samples."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from digits_core.contracts.backend import HEAD_PREFIX, score_names
from digits_core.graph.graph import Graph, Loss
from digits_jax.rows import Samples


def score(graph: Graph, values: Mapping[str, jax.Array], samples: Samples) -> dict[str, jax.Array]:
    """The scores of the contract.

    Args:
        graph: Its losses and main output are scored.
        values: Activations; logits ``[B, classes]`` among them.
        samples: Targets and weights.
    """
    # In a half format only the passes through the network are.
    values = {name: _at_least_fp32(value) for name, value in values.items()}
    weights = samples.weights.astype(values[graph.output].dtype)
    factors = weights if samples.importance is None else weights * samples.importance
    found = [jnp.sum(factors * _cross_entropy(values[loss.logits], samples, loss)) for loss in graph.losses]
    total = sum(loss.weight * own for loss, own in zip(graph.losses, found, strict=True))
    rank = _rank(values[graph.output], samples.labels)
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


def _cross_entropy(logits: jax.Array, samples: Samples, loss: Loss) -> jax.Array:
    """``−Σ target·log softmax(logits)`` per sample."""
    log_share = jax.nn.log_softmax(logits)
    at_targets = _at(samples.labels, log_share)
    if samples.second is not None and samples.share is not None:
        share = samples.share.astype(log_share.dtype)
        at_targets = share * at_targets + (1 - share) * _at(samples.second, log_share)
    return -((1 - loss.label_smoothing) * at_targets + loss.label_smoothing * log_share.mean(1))


def _at(labels: jax.Array, values: jax.Array) -> jax.Array:
    # A comparison instead of an index: the gradient of an index is a scatter, which is slow.
    return jnp.where(_is_label(values, labels), values, 0).sum(1)


def _rank(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """How many classes come before the label; among equal logits the lower class comes first."""
    own = _at(labels, logits)[:, None]
    earlier = jnp.arange(logits.shape[1]) < labels[:, None]
    return ((logits > own) | ((logits == own) & earlier)).sum(1)


def _is_label(logits: jax.Array, labels: jax.Array) -> jax.Array:
    return jnp.arange(logits.shape[1]) == labels[:, None]
