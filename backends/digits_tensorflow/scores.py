"""Sums over a batch that tell how good a network is."""

from __future__ import annotations

from typing import TypeAlias

from digits_core.contracts.backend import HEAD_PREFIX, score_names
from digits_core.graph.graph import Graph
from digits_tensorflow.framework import tf

Tensors: TypeAlias = dict[str, tf.Tensor]


def score(graph: Graph, values: Tensors, labels: tf.Tensor, weights: tf.Tensor) -> Tensors:
    """Sums over the batch, see `digits_core.contracts.backend.score_names`.

    Args:
        graph: Its losses and output.
        values: Activations of its layers.
        labels: int32 ``[B]``.
        weights: ``[B]``.
    """
    total, heads = tf.zeros([], weights.dtype), {}
    for loss in graph.losses:
        logits = tf.cast(values[loss.logits], weights.dtype)
        share = loss.label_smoothing / logits.shape[1]
        target = tf.one_hot(labels, logits.shape[1], 1 - loss.label_smoothing + share, share, dtype=logits.dtype)
        found = tf.reduce_sum(weights * tf.nn.softmax_cross_entropy_with_logits(target, logits))
        total += loss.weight * found
        heads[f"{HEAD_PREFIX}{loss.logits}"] = heads.get(f"{HEAD_PREFIX}{loss.logits}", 0) + found
    rank = _rank(tf.cast(values[graph.output], weights.dtype), labels)
    hits = {
        name: tf.reduce_sum(tf.where(rank < most, weights, tf.zeros_like(weights)))
        for name, most in (("correct", 1), ("top5", min(5, graph.classes)))
    }
    scores = {"loss": total, **hits, "samples": tf.reduce_sum(weights), **heads}
    return {name: scores[name] for name in score_names(graph)}


def _rank(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """How many classes come before the label; among equal logits the lower class comes first."""
    own = tf.gather(logits, labels, axis=1, batch_dims=1)[:, None]
    earlier = tf.range(logits.shape[1])[None, :] < labels[:, None]
    before = (logits > own) | ((logits == own) & earlier)
    return tf.reduce_sum(tf.cast(before, tf.int32), axis=1)
