"""One process of a comparison: ``python -m digits_core.parity.worker`` does the exercises on standard input.

Two frameworks in one process quarrel over threads and memory, and a framework may end its process; so each has one of
its own, which stays for the next exercise. What it finds goes into files; on standard output it says for each exercise
what refused it, and with which packages it computed.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from queue import SimpleQueue

from pydantic import Field

from digits_core.errors import DigitsError
from digits_core.hooks.registry import discover
from digits_core.parity.exercise import Exercise, perform
from digits_core.spec.model import Spec
from digits_core.training.worker import ORPHANED


class Outcome(Spec):
    """How an exercise went."""

    problem: str = ""
    """Why it was refused, or could not be done."""
    hint: str = ""
    """What to do about that."""
    distributed: bool = False
    """Whether the backend can train in several processes."""
    versions: dict[str, str] = Field(default_factory=dict)
    """Packages that the backend needs, and their versions."""


def answer(exercise: Exercise) -> Outcome:
    """Do an exercise; a refusal is an answer."""
    try:
        perform(exercise)
    except DigitsError as reason:
        message = " ".join(problem.message for problem in reason.problems)
        return Outcome(problem=message, hint=reason.hint)
    backends = discover().backends
    distributed = backends.get(exercise.backend)().capabilities().distributed
    return Outcome(distributed=distributed, versions=backends.entry(exercise.backend).versions)


def main() -> int:
    """Answer the exercises on standard input, a line each, until that ends; or one that several processes do together.

    Frameworks meet others once in the life of a process. Returns the exit status of such an exercise.
    """
    requests: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    while True:
        exercise = Exercise.model_validate_json(requests.get())
        if exercise.cores:
            os.sched_setaffinity(0, exercise.cores)
        outcome = answer(exercise)
        gc.collect()  # Programs hold one another in circles, and the next one needs their memory.
        print()  # Whatever a framework printed ends here.
        print(outcome.model_dump_json(), flush=True)
        if exercise.addresses:
            return 1 if outcome.problem else 0


def _listen(requests: SimpleQueue[bytes]) -> None:
    """Queue the lines on standard input, and end with the process at its other end: nobody else would stop this one."""
    line = b""
    while piece := os.read(0, 1 << 16):
        *lines, line = (line + piece).split(b"\n")
        for whole in lines:
            requests.put(whole)
    os._exit(ORPHANED)


if __name__ == "__main__":
    sys.exit(main())
