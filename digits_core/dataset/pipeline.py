"""Work in threads with the results in order, and never more of it in memory than a window."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TypeVar

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


def usable_cpus() -> int:
    """Processors that this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@cache
def picture_pool() -> ThreadPoolExecutor:
    """The threads that decode and augment pictures, shared by every loader of the process."""
    return ThreadPoolExecutor(usable_cpus(), thread_name_prefix="digits-pictures")


def in_parts(work: Callable[[range], None], count: int, threads: int) -> None:
    """``work`` on ``range(count)``, cut into a part for each of ``threads`` of the `picture_pool`.

    ``work`` itself must not come here again: all threads could then wait for one another.
    """
    threads = min(threads, count)
    if threads < 2:
        return work(range(count))
    edges = [count * part // threads for part in range(threads + 1)]
    for _ in picture_pool().map(work, map(range, edges[:-1], edges[1:])):
        pass


def map_in_order(
    work: Callable[[TaskT], ResultT], tasks: Iterable[TaskT], *, threads: int, window: int, stop: threading.Event
) -> Generator[ResultT, None, None]:
    """``map(work, tasks)`` in ``threads`` threads, at most ``window`` tasks ahead of the one that takes results.

    When the consumer stops early, or an exception or Ctrl-C passes through, tasks not yet begun are dropped and those
    running are waited for; ``stop`` is set first, so that long ones can look at it and give up.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="digits-prepare")
    pending: deque[Future[ResultT]] = deque()
    try:
        for task in tasks:
            pending.append(pool.submit(work, task))
            if len(pending) >= window:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
