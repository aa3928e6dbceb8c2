"""Sums over a batch that tell how good a network is."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple, TypeAlias

from digits_core.contracts.backend import HEAD_PREFIX, score_names
from digits_core.graph.graph import Graph, Loss
from digits_tensorflow.framework import tf

Tensors: TypeAlias = dict[str, tf.Tensor]


class Samples(NamedTuple):
    """A batch on the device.

    Attributes:
        images: uint8 ``[B, H, W, C]``.
        labels: int32 ``[B]``.
        weights: ``[B]`` in the program's number format; 0 marks padding.
        second: int32 ``[B]``, a second target; None: there is none.
        share: ``[B]``, what the label has of the target, where there is a second one.
        importance: ``[B]``, factor of each loss; None: 1.
    """

    images: tf.Tensor
    labels: tf.Tensor
    weights: tf.Tensor
    second: tf.Tensor | None = None
    share: tf.Tensor | None = None
    importance: tf.Tensor | None = None

    def part(self, rows: slice) -> Samples:
        """Some of its rows."""
        return Samples(*(None if tensor is None else tensor[rows] for tensor in self))


def score(graph: Graph, values: Tensors, samples: Samples) -> Tensors:
    """Sums over the batch, see `digits_core.contracts.backend.score_names`.

    Args:
        graph: Its losses and output.
        values: Activations of its layers.
        samples: Targets and weights.
    """
    weights = samples.weights
    factors = weights if samples.importance is None else weights * samples.importance
    total, heads = tf.zeros([], weights.dtype), {}
    for loss in graph.losses:
        logits = tf.cast(values[loss.logits], weights.dtype)
        found = tf.reduce_sum(factors * _cross_entropies(loss, logits, samples))
        total += loss.weight * found
        heads[f"{HEAD_PREFIX}{loss.logits}"] = heads.get(f"{HEAD_PREFIX}{loss.logits}", 0) + found
    rank = _rank(tf.cast(values[graph.output], weights.dtype), samples.labels)
    hits = {
        name: tf.reduce_sum(tf.where(rank < most, weights, tf.zeros_like(weights)))
        for name, most in (("correct", 1), ("top5", min(5, graph.classes)))
    }
    scores = {"loss": total, **hits, "samples": tf.reduce_sum(weights), **heads}
    return {name: scores[name] for name in score_names(graph)}


def _cross_entropies(loss: Loss, logits: tf.Tensor, samples: Samples) -> tf.Tensor:
    """The loss of each sample, ``[B]``."""
    if loss.label_smoothing == 0 and samples.second is None:
        return tf.nn.sparse_softmax_cross_entropy_with_logits(samples.labels, logits)
    return tf.nn.softmax_cross_entropy_with_logits(_target(loss, logits, samples), logits)


def _target(loss: Loss, logits: tf.Tensor, samples: Samples) -> tf.Tensor:
    """What softmax should give, ``[B, classes]``."""
    rest = loss.label_smoothing / logits.shape[1]
    target = partial(tf.one_hot, depth=logits.shape[1], on_value=1 - loss.label_smoothing + rest, off_value=rest)
    first = target(samples.labels, dtype=logits.dtype)
    if samples.second is None or samples.share is None:
        return first
    share = samples.share[:, None]
    return share * first + (1 - share) * target(samples.second, dtype=logits.dtype)


def _rank(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """How many classes come before the label; among equal logits the lower class comes first."""
    own = tf.gather(logits, labels, axis=1, batch_dims=1)[:, None]
    earlier = tf.range(logits.shape[1])[None, :] < labels[:, None]
    before = (logits > own) | ((logits == own) & earlier)
    return tf.reduce_sum(tf.cast(before, tf.int32), axis=1)
