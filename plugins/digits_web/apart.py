"""Work that may import a framework, done in a process of its own: the server itself stays light."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from digits_core.errors import DigitsError, Problem, WorkerDied


def apart(work: Callable[..., None], *given: Any) -> None:
    """Do ``work(*given)`` in a new process; takes a second or two more than the work itself.

    Args:
        work: A function of a module.
        given: What it is given; anything that can be pickled.

    Raises:
        DigitsError: As the work raises it.
        WorkerDied: If the process ends without a word.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            refused = pool.submit(_guarded, work, given).result()
        except BrokenProcessPool:
            hint = "See what the server has printed; maybe the memory did not suffice."
            raise WorkerDied("The process that was to do it ended without a word.", hint=hint) from None
    if refused is not None:
        kind, problems = refused
        raise kind(*problems)


def _guarded(work: Callable[..., None], given: tuple[Any, ...]) -> tuple[type[DigitsError], tuple[Problem, ...]] | None:
    # An error of ours keeps its problems only where they are sent as such.
    try:
        work(*given)
    except DigitsError as error:
        return type(error), error.problems
    return None
