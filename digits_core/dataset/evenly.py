"""Classes of uneven size made even: by drawing their pictures more often, or by letting their loss count more."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from digits_core.dataset.sampler import Indices

#: Samples of a class that are drawn at once, or a little more; a class of one picture is drawn very often.
BLOCK = 1024


class EvenEpochs:
    """Epochs in which every class comes equally often, as a pure function of their number.

    Think of one endless row of slots, ``count`` for each epoch. Slot t belongs to class ``t mod C`` of the C classes
    that have samples, and is that class's draw number ``t div C``. A class's draws are permutations of its samples,
    one after the other. So classes of an epoch differ by one draw at most, and over all epochs every sample of a class
    is drawn as often as any other, to within one. An epoch presents its slots in an order of its own, see `Sampler`.

    Args:
        labels: Class number of every sample.
        seed: Seed of the job.
        shuffle: Permute the samples of each class; without it they come in plain order.
    """

    def __init__(self, labels: npt.NDArray[np.int32], seed: int, shuffle: bool = True) -> None:
        order = np.argsort(labels, kind="stable").astype(np.int64)
        counts = np.bincount(labels)
        members = np.split(order, np.cumsum(counts)[:-1])
        self._classes = [(number, own) for number, own in enumerate(members) if len(own)]
        self._count, self._seed, self._shuffle = len(labels), seed, shuffle

    def slots(self, epoch: int) -> Indices:
        """The sample of every slot of an epoch: int64 ``[count]``."""
        first, apart = epoch * self._count, len(self._classes)
        drawn = np.empty(self._count, np.int64)
        for place in range(apart):
            start = (place - first) % apart
            here = drawn[start::apart]
            here[:] = self._draws(place, (first + start) // apart, len(here))
        return drawn

    def _draws(self, place: int, first: int, count: int) -> Indices:
        """Draws ``first`` to ``first + count`` of the class at ``place`` among those that have samples."""
        number, members = self._classes[place]
        rounds = -(-BLOCK // len(members))
        size = rounds * len(members)
        blocks = range(first // size, -(-(first + count) // size))
        drawn = [self._block(number, np.tile(members, (rounds, 1)), block) for block in blocks]
        offset = first - blocks.start * size
        return np.concatenate([*drawn, np.empty(0, np.int64)])[offset : offset + count]

    def _block(self, number: int, members: Indices, block: int) -> Indices:
        """Permutations of a class's samples, one in each row of ``members``, one after the other."""
        if self._shuffle:
            # The counter sets them apart from the orders of epochs, which have the same keys.
            key = np.array([self._seed, block], dtype=np.uint64)
            philox = np.random.Philox(key=key, counter=[0, 0, 0, number + 1])
            members = np.random.Generator(philox).permuted(members, axis=1)
        return members.ravel()


def balanced_weights(labels: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """How much a sample of each class counts: ``N / (C·n_c)``, C being the classes that have samples.

    The mean over all samples is 1, and each class has the same share in the sum; a class without samples has 0.

    >>> balanced_weights(np.array([0, 0, 0, 2], np.int32)).tolist()
    [0.6666666865348816, 0.0, 2.0]
    """
    counts = np.bincount(labels)
    present = np.count_nonzero(counts)
    return np.where(counts, len(labels) / (present * np.maximum(counts, 1)), 0).astype(np.float32)
