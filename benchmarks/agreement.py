"""How well backends agree: the first fifty losses of LeNet on handwritten digits.

``python -m benchmarks.agreement torch`` prints the losses of every solver and seed as one JSON document.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence

import numpy as np

from digits_core.contracts.backend import Batch, BuildContext
from digits_core.dataset.sampler import Sampler
from digits_core.graph.graph import NetworkInput
from digits_core.hooks.registry import discover
from digits_core.service.demo import read_digits
from digits_core.spec.job import BackendOptions
from digits_core.spec.parity import calm
from digits_core.spec.solver import SOLVERS
from digits_core.training.initialize import initial_arrays

STEPS, BATCH, SEEDS = 50, 16, (0, 1, 2)
#: Every solver with a moderate rate, so that training does not amplify rounding; see docs/explanation/arithmetic.md.
CALMED = {name: calm(solver()) for name, solver in SOLVERS.items()}

Losses = dict[str, list[list[float]]]


def measure(backend_name: str, *, steps: int = STEPS, seeds: Sequence[int] = SEEDS) -> Losses:
    """For every solver the losses of every seed."""
    pixels, labels = read_digits()
    mean = pixels.mean(0, dtype=np.float64).astype(np.float32)[None]
    family = discover().network_families.get("lenet")()
    graph = family.build(family.Params(), NetworkInput(1, 28, 28, 10, "image"))
    backend = discover().backends.get(backend_name)()
    found: Losses = {name: [] for name in CALMED}
    for name, solver in CALMED.items():
        for seed in seeds:
            context = BuildContext(backend.devices()[0], seed)
            program = backend.build(graph, solver, BackendOptions(), context)
            state = program.load(initial_arrays(graph, seed) | {"input/mean": mean})
            sampler, losses = Sampler(len(pixels), BATCH, seed), []
            for step in range(steps):
                chosen = sampler.indices(step)
                batch = Batch(pixels[chosen, :, :, None], labels[chosen].astype(np.int32), np.ones(BATCH, np.float32))
                state, scores = program.train_step(state, program.place(batch), solver.rate, step)
                losses.append(float(scores["loss"]) / BATCH)
            found[name].append(losses)
    return found


def difference(one: list[list[float]], other: list[list[float]]) -> float:
    """Largest relative difference of a run, the median over the seeds."""
    return statistics.median(
        max(abs(a / b - 1) for a, b in zip(run, expected, strict=True))
        for run, expected in zip(one, other, strict=True)
    )


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
