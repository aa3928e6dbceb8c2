"""How long ``digits similar`` searches: the nearest of 100,000 pictures, once their embeddings are kept.

The vectors are mapped from the disk as the cache maps them. Run: ``python -m benchmarks.search``; it prints one JSON
object a line.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from digits_core.inference.mining.cache import EmbeddingCache
from digits_core.inference.mining.embeddings import Seen, unit_vectors
from digits_core.inference.mining.neighbours import nearest, search_engine

PICTURES = 100_000
#: Elements of a vector: what the last dense layers of LeNet (500) and ResNet-18 (512) take.
WIDTH = 512
COUNT = 9
ROUNDS = 15


def measure() -> list[dict[str, object]]:
    """Median seconds of a search for one picture, after one to warm up."""
    vectors = unit_vectors(np.random.default_rng(0).standard_normal((PICTURES, WIDTH), np.float32))
    with tempfile.TemporaryDirectory() as folder:
        cache = EmbeddingCache(Path(folder) / "cache")
        cache.put(("search",), Seen(vectors, np.zeros((PICTURES, 1), np.float32)))
        seen = cache.get(("search",))
        assert seen is not None
        found = [_seconds(seen, vectors[place]) for place in range(ROUNDS + 1)]
    subject = f"the {COUNT} nearest of {PICTURES:,} embeddings, {WIDTH} wide, by {search_engine()}"
    return [{"subject": subject, "seconds": statistics.median(found[1:]), "limit_s": 0.05}]


def _seconds(seen: Seen, query: np.ndarray) -> float:
    started = time.perf_counter()
    nearest(seen.embeddings, query[None], COUNT)
    return time.perf_counter() - started


if __name__ == "__main__":
    for row in measure():
        print(json.dumps(row))
