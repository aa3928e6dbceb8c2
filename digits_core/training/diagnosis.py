"""What to make of a run that failed: which layer went wrong first, and what a person can do."""

from __future__ import annotations

import time

import numpy as np

from digits_core.contracts.backend import SLOT_PREFIX
from digits_core.errors import DigitsError
from digits_core.graph.memory import LESS_MEMORY
from digits_core.training.loop import Training
from digits_core.training.preparation import Start
from digits_core.training.schedules import learning_rate

#: How long steps are done again in search of the first that is not finite.
REPLAY_SECONDS = 20.0
_MEMORY_SIGNS = ("out of memory", "outofmemory", "resource_exhausted", "resource exhausted", "memoryerror", "bad_alloc")


def is_out_of_memory(reason: Exception) -> bool:
    """Whether a framework says that memory is full; every one has words of its own for it."""
    return any(sign in f"{type(reason).__name__}: {reason}".lower() for sign in _MEMORY_SIGNS)


def advice(reason: Exception) -> str:
    """What to do about an exception that a worker did not expect."""
    if is_out_of_memory(reason):
        return f"The device's memory is full. {LESS_MEMORY}"
    if isinstance(reason, ImportError):
        missing = (reason.name or "").partition(".")[0]
        return f"Run: pip install {missing}" if missing else "See: digits doctor."
    return "The job's log.txt has the details."


def locate(training: Training, start: Start) -> str:
    """Where numbers stopped being finite, found by training again from ``start``; empty where that takes too long.

    Args:
        training: Of a process that trains alone; its steps are a function of the start, so that they come out the same.
        start: Weights and slots that the search begins with.
    """
    program, end = training.program, time.monotonic() + REPLAY_SECONDS
    state, arrays, step = program.load(start.arrays), start.arrays, start.step
    try:
        while time.monotonic() < end and step < training.plan.total_steps:
            batch = training.training.batch(step)
            rate = learning_rate(training.spec.schedule, training.spec.solver.rate, training.plan.percent(step))
            state, scores = program.train_step(state, program.place(batch), rate, step)
            if not np.isfinite(float(scores["loss"])):
                return _first_layer(training, arrays, batch.images)
            arrays, step = program.save(state), step + 1
    except DigitsError:
        pass
    return ""


def _first_layer(training: Training, arrays: dict[str, np.ndarray], images: np.ndarray) -> str:
    broken = next((name for name, array in arrays.items() if not np.isfinite(array).all()), None)
    if broken is not None:
        return f"First the weights {broken} were no longer finite: their gradient overflowed."
    program, layers = training.program, training.layers
    # Without averages, which are not what was trained with.
    weights = {name: array for name, array in arrays.items() if not name.startswith(SLOT_PREFIX)}
    values = program.predict(program.load(weights), images, layers)
    first = next((name for name in layers if not np.isfinite(values[name]).all()), None)
    return f"The first layer that was not finite is {first}." if first else "Every layer was finite but the loss."
