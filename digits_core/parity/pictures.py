"""Pictures that backends are compared on: those of a dataset, or drawn ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Batch
from digits_core.dataset.loader import EvaluationLoader, TrainLoader
from digits_core.dataset.opened import SplitReader, open_dataset
from digits_core.dataset.sampler import Sampler
from digits_core.dataset.shards import Shard
from digits_core.graph.graph import Graph

#: Batches of drawn pictures that make up an epoch; not a whole number, so that a batch straddles two of them.
BATCHES = 5.5


@dataclass(frozen=True, slots=True)
class Pictures:
    """What there is to train on and to evaluate with.

    Attributes:
        training: Training batches by step.
        scored: One batch for evaluation; its last row is padding of weight 0.
        mean: Mean picture, float32 ``[H, W, C]``.
    """

    training: TrainLoader
    scored: Batch
    mean: npt.NDArray[np.float32]


def pictures_for(graph: Graph, dataset: Path | None, batch: int, seed: int, rows: range | None = None) -> Pictures:
    """The pictures that ``graph`` is compared on.

    Args:
        graph: The network.
        dataset: Folder of a dataset; None: pictures are drawn.
        batch: Pictures per step.
        seed: Decides their order, and drawn ones.
        rows: Rows of a batch that are wanted; empty: all of them.

    Raises:
        DatasetUnusable: If the dataset is damaged.
    """
    if dataset is None:
        reader = _drawn(graph, round(BATCHES * batch), seed)
        mean = reader.read(np.arange(len(reader))).mean(0, dtype=np.float64).astype(np.float32)
    else:
        opened = open_dataset(dataset)
        reader, mean = opened.split("train"), opened.mean
    loader = TrainLoader(reader, Sampler(len(reader), batch, seed), None, seed, rows)
    scored = EvaluationLoader(reader, batch, None).batch(0)
    scored.weights[-1] = 0
    return Pictures(loader, scored, mean)


def _drawn(graph: Graph, count: int, seed: int) -> SplitReader:
    """Random fields of several sizes, so that features differ, whose brightness tells the class."""
    random = np.random.Generator(np.random.Philox(key=np.array([seed, 5], np.uint64)))
    shape, classes = graph.input, graph.classes
    labels = random.integers(0, classes, count, dtype=np.int32)
    pixels = random.integers(0, 64, (count, shape.height, shape.width, shape.channels))
    rows, columns = np.arange(shape.height), np.arange(shape.width)
    for cells in (2, 4, 8):
        field = random.integers(0, 43, (count, cells, cells, shape.channels))
        pixels += field[:, (rows * cells // shape.height)[:, None], columns * cells // shape.width]
    pixels += (labels * 64 // classes)[:, None, None, None]
    return SplitReader([Shard(labels, None, pixels.astype(np.uint8), None)], pixels.shape[1:])
