"""Whether several devices are worth it: what one of them does alone, measured before training begins."""

from __future__ import annotations

import time

from digits_core.contracts.backend import Arrays, Backend, BuildContext
from digits_core.dataset.loader import TrainLoader
from digits_core.graph.graph import Graph
from digits_core.spec.job import JobSpec

#: How long is measured, and how long a first step may take for it to be worth while.
MEASURE_SECONDS, PATIENCE_SECONDS = 1.0, 10.0
#: Below it several devices gain too little to be kept from other jobs.
WORTHWHILE = 1.2


def pace_alone(
    backend: Backend, graph: Graph, spec: JobSpec, context: BuildContext, loader: TrainLoader, arrays: Arrays
) -> float:
    """Images per second of one device that trains alone on its share of each batch; 0 where that takes too long.

    A share instead of a whole batch, which may not fit the memory of one device.

    Args:
        backend: Who computes.
        graph: The network.
        spec: The request.
        context: Of this process, in its team.
        loader: Gives this process's share of each batch.
        arrays: Weights and slots to begin with.
    """
    alone = BuildContext(context.device, context.seed)
    program = backend.build(graph, spec.solver, spec.options, alone)
    state, placed = program.load(arrays), program.place(loader.batch(0))
    begun = time.perf_counter()
    steps = 0
    while True:
        state, scores = program.train_step(state, placed, 0.0, steps)
        float(scores["loss"])
        if steps == 0:  # It may have compiled.
            first, begun = time.perf_counter() - begun, time.perf_counter()
        steps += 1
        seconds = time.perf_counter() - begun
        if first > PATIENCE_SECONDS or (steps > 1 and seconds > MEASURE_SECONDS):
            break
    program.close()
    return (steps - 1) * len(context.rows) / seconds if steps > 1 else 0.0


def describe_gain(together: float, alone: float, count: int) -> str:
    """What several devices gain, in words.

    >>> print(describe_gain(1500, 1000, 2))
    2 devices train 1.50 times as fast as one: 1,500 against 1,000 images/s.

    Args:
        together: Images per second of all of them.
        alone: Images per second of one.
        count: How many there are.
    """
    found = f"{count} devices train {together / alone:.2f} times as fast as one: "
    found += f"{together:,.0f} against {alone:,.0f} images/s."
    if together / alone >= WORTHWHILE:
        return found
    return f"{found} The network or the batch is too small for them; a larger batch or fewer devices serve better."
