"""Batches made ahead of time, in order, by threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

ItemT = TypeVar("ItemT")


def prefetch(
    make: Callable[[int], ItemT], positions: Iterable[int], *, depth: int = 3, threads: int = 1
) -> Generator[ItemT, None, None]:
    """``make(position)`` for every position, in order, while the consumer works on the ones before.

    Close the generator (``with contextlib.closing(…)``) to stop early: what was begun ends, the rest is dropped.

    Args:
        make: Makes one item; with several threads it is called at several positions at once.
        positions: What to make.
        depth: How many items may wait.
        threads: How many are made at the same time.

    Raises:
        Exception: What ``make`` raised, where its item was due.

    >>> list(prefetch(lambda step: step * step, range(5)))
    [0, 1, 4, 9, 16]
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="prefetch")
    waiting: deque[Future[ItemT]] = deque()
    try:
        for position in positions:
            waiting.append(pool.submit(make, position))
            if len(waiting) > depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
