"""One process of a comparison: ``python -m digits_core.parity.worker`` does the exercise on standard input.

Two frameworks in one process quarrel over threads and memory, and a framework may end its process; so each has one of
its own. What it finds goes into files; on standard output it says what refused it, and with which packages it computed.
"""

from __future__ import annotations

import os
import sys
import threading

from pydantic import Field

from digits_core.errors import DigitsError
from digits_core.hooks.registry import discover
from digits_core.parity.exercise import Exercise, perform
from digits_core.spec.model import Spec
from digits_core.training.worker import hang_on


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
    """Answer the exercise on the first line of standard input; returns the exit status."""
    exercise = Exercise.model_validate_json(sys.stdin.buffer.readline())
    threading.Thread(target=hang_on, daemon=True).start()
    if exercise.cores:
        os.sched_setaffinity(0, exercise.cores)
    outcome = answer(exercise)
    print()  # Whatever a framework printed ends here.
    print(outcome.model_dump_json(), flush=True)
    return 1 if outcome.problem else 0


if __name__ == "__main__":
    sys.exit(main())
