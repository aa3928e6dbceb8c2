"""Many pictures through a predictor: threads read and decode the next ones while the network computes.

::

    numbers ─┬─▶ thread: read, decode ─┐
             ├─▶ thread: read, decode ─┼─▶ batches, in order ─▶ predictor ─▶ logits, in order
             └─▶ thread: …            ─┘      at most a few ahead
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from digits_core.contracts.runtime import Predictor
from digits_core.dataset.pictures import Pixels
from digits_core.dataset.pipeline import map_in_order
from digits_core.errors import Problem
from digits_core.inference.pictures import Pictures, Read

#: Pictures that go through the network together.
BATCH = 64
#: Pieces that a thread is given at least, where there are pictures enough: with fewer, some would idle at the end.
_PIECES = 4


class Predicted(NamedTuple):
    """What a network says of some pictures.

    Attributes:
        numbers: Which pictures they are, int64 ``[n]``.
        logits: ``[n, ≥ classes]``.
        problems: Pictures between them that could not be read.
    """

    numbers: npt.NDArray[np.int64]
    logits: npt.NDArray[np.floating[Any]]
    problems: dict[int, Problem]


def predict(predictor: Predictor, output: str, pictures: Pictures, batch: int = BATCH) -> Iterator[Predicted]:
    """The logits of all pictures, in order, a batch at a time.

    Args:
        predictor: What computes.
        output: The layer whose activations are the logits.
        pictures: What to look at.
        batch: Pictures that go through the network together.
    """
    with closing(_read_ahead(pictures, batch)) as reads:
        for read in reads:
            wanted = np.array([number for number in read.numbers if number not in read.problems], np.int64)
            logits = np.empty((0, 0), np.float32)
            if len(wanted):
                # Some runtimes compile anew for every batch size: the ragged last one is filled up.
                full = batch if len(pictures) > batch else len(wanted)
                logits = predictor.predict(_filled(read.pixels, full))[output][: len(wanted)]
            yield Predicted(wanted, logits, dict(read.problems))


def _read_ahead(pictures: Pictures, batch: int) -> Generator[Read, None, None]:
    """Batches, read by several threads; a batch is cut into pieces where there are too few for all threads."""
    count, threads = len(pictures), pictures.threads
    whole = [range(start, min(start + batch, count)) for start in range(0, count, batch)]
    if not threads:
        yield from map(pictures.read, whole)
        return
    pieces = max(1, min(batch, -(-_PIECES * threads * batch // max(count, 1))))
    tasks = [_cut(numbers, pieces) for numbers in whole]
    reads = map_in_order(
        pictures.read,
        itertools.chain.from_iterable(tasks),
        threads=threads,
        window=threads + pieces,
        stop=threading.Event(),
    )
    with closing(reads):
        for numbers, parts in zip(whole, tasks, strict=True):
            yield _joined(numbers, [next(reads) for _ in parts])


def _cut(numbers: range, pieces: int) -> list[range]:
    edges = [numbers.start + len(numbers) * piece // pieces for piece in range(pieces + 1)]
    return [range(start, stop) for start, stop in itertools.pairwise(edges) if start < stop]


def _joined(numbers: range, reads: list[Read]) -> Read:
    if len(reads) == 1:
        return reads[0]
    problems = {number: problem for read in reads for number, problem in read.problems.items()}
    return Read(numbers, np.concatenate([read.pixels for read in reads]), problems)


def _filled(pixels: Pixels, count: int) -> Pixels:
    missing = count - len(pixels)
    return np.concatenate([pixels, np.repeat(pixels[-1:], missing, axis=0)]) if missing > 0 else pixels
