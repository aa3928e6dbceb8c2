"""Which samples make up which batch: a pure function of sample count, seed and step.

::

    epoch 0          epoch 1          epoch 2            each a permutation of all samples, Philox keyed (seed, epoch)
    |3 0 4 1 2|      |1 4 2 0 3|      |0 3 2 4 1|   …
    [3 0 4 1][2 1 4 2][0 3 0 3][2 4 1 …                  cut into batches; the position is one integer, the step

A sampler may be given another choice of samples for each epoch (`dataset.evenly`); the permutation is then of those.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.errors import SpecInvalid

Indices: TypeAlias = npt.NDArray[np.int64]


class Sampler:
    """The sample stream, cut into batches; any step can be asked for at any time, from any thread.

    Every batch is full, every sample is used exactly once an epoch unless others are chosen; a batch may reach into the
    next epoch.

    Args:
        count: Samples of the split.
        batch: Samples per step, over all devices.
        seed: Seed of the job.
        shuffle: Draw every epoch anew; without it every epoch is ``0 … count − 1``.
        choose: The ``count`` samples of an epoch, by its number; empty: each of them once.

    Raises:
        SpecInvalid: If there are no samples or the batch is empty.
    """

    def __init__(
        self,
        count: int,
        batch: int,
        seed: int,
        shuffle: bool = True,
        choose: Callable[[int], Indices] | None = None,
    ) -> None:
        if count < 1 or batch < 1:
            raise SpecInvalid(
                f"Sampling expects at least 1 sample and a batch of at least 1, found {count} and {batch}.",
                hint="Train on a split with pictures in it.",
            )
        self.count = count
        self.batch = batch
        self.seed = seed
        self.shuffle = shuffle
        self._choose = choose
        # Two: a batch may straddle a boundary. The cache is per sampler and safe across threads.
        self._epoch = lru_cache(maxsize=2)(self._draw)

    def indices(self, step: int) -> Indices:
        """The samples of batch ``step``: int64 ``[batch]``; not to be written to."""
        epoch, start = divmod(step * self.batch, self.count)
        stop = start + self.batch
        if stop <= self.count:
            return self._epoch(epoch)[start:stop]
        parts = [self._epoch(epoch)[start:]]
        missing = stop - self.count
        while missing > 0:
            epoch += 1
            parts.append(self._epoch(epoch)[:missing])
            missing -= self.count
        return np.concatenate(parts)

    def at(self, positions: Indices) -> Indices:
        """The samples at some positions of the stream, in any order; those of a few epochs at most are quick."""
        epochs, places = np.divmod(positions, self.count)
        found = np.empty(len(positions), np.int64)
        for epoch in np.unique(epochs).tolist():
            here = epochs == epoch
            found[here] = self._epoch(epoch)[places[here]]
        return found

    def epoch_of(self, step: int) -> int:
        """The epoch that the first sample of batch ``step`` belongs to, from 0."""
        return step * self.batch // self.count

    def _draw(self, epoch: int) -> Indices:
        chosen = np.arange(self.count, dtype=np.int64) if self._choose is None else self._choose(epoch)
        if not self.shuffle:
            return chosen
        # Passing a list would go through float64 for large seeds.
        key = np.array([self.seed, epoch], dtype=np.uint64)
        return np.random.Generator(np.random.Philox(key=key)).permutation(chosen)
