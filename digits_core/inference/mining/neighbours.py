"""The nearest of many vectors, exactly: by usearch for a few queries, by products of matrices for many."""

from __future__ import annotations

import importlib.util
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from digits_core.dataset.progress import Progress, Silence
from digits_core.inference.mining.embeddings import Embeddings

#: Up to so many queries a scan of the vectors as they are is quicker than products of matrices.
FEW = 16
_BLOCK = 8192
_QUERIES = 1024


class Neighbours(NamedTuple):
    """What was found for each query, the nearest first.

    Attributes:
        places: Which vectors, int64 ``[Q, count]``.
        similarity: Cosine of each to the query, float32 ``[Q, count]``.
    """

    places: npt.NDArray[np.int64]
    similarity: npt.NDArray[np.float32]


def search_engine() -> str:
    """What searches for a few queries: ``usearch`` where it is installed, else ``numpy``, which takes longer."""
    return "usearch" if importlib.util.find_spec("usearch") else "numpy"


def nearest(embeddings: Embeddings, queries: Embeddings, count: int, progress: Progress | None = None) -> Neighbours:
    """The ``count`` vectors that are most similar to each query; all of them where there are fewer.

    Args:
        embeddings: Unit vectors, float16 ``[N, D]``.
        queries: Unit vectors, float16 ``[Q, D]``.
        count: How many are wanted of each.
        progress: Told how many queries are answered.
    """
    count = min(count, len(embeddings))
    if len(queries) <= FEW and search_engine() == "usearch":
        return _scanned(embeddings, queries, count)
    parts = []
    for start in range(0, len(queries), _QUERIES):
        parts.append(_multiplied(embeddings, queries[start : start + _QUERIES].astype(np.float32), count))
        (progress or Silence()).advance(len(parts[-1].places))
    return Neighbours(*map(np.concatenate, zip(*parts, strict=True)))


def _scanned(embeddings: Embeddings, queries: Embeddings, count: int) -> Neighbours:
    from usearch.index import search

    rows = [search(embeddings, query, count, exact=True) for query in np.ascontiguousarray(queries)]
    places = np.array([row.keys for row in rows]).astype(np.int64).reshape(len(queries), count)
    similarity = 1 - np.array([row.distances for row in rows], np.float32).reshape(len(queries), count)
    return Neighbours(places, similarity)


def _multiplied(embeddings: Embeddings, queries: npt.NDArray[np.float32], count: int) -> Neighbours:
    best = np.full((len(queries), 0), 0, np.float32)
    places = np.zeros((len(queries), 0), np.int64)
    for start in range(0, len(embeddings), _BLOCK):
        block = np.asarray(embeddings[start : start + _BLOCK], np.float32)
        found = queries @ block.T
        best = np.concatenate([best, found], axis=1)
        here = np.broadcast_to(np.arange(start, start + len(block)), found.shape)
        places = np.concatenate([places, here], axis=1)
        best, places = _highest(best, places, count)
    order = np.argsort(-best, axis=1, kind="stable")
    return Neighbours(np.take_along_axis(places, order, axis=1), np.take_along_axis(best, order, axis=1))


def _highest(values: Any, places: Any, count: int) -> tuple[Any, Any]:
    if values.shape[1] <= count:
        return values, places
    kept = np.argpartition(-values, count - 1, axis=1)[:, :count]
    return np.take_along_axis(values, kept, axis=1), np.take_along_axis(places, kept, axis=1)
