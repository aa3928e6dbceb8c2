"""The probe: ``python -m digits_core.training.probe`` tries a few steps of one batch size and says what they took.

It reads a `ProbeRequest` and writes a `ProbeReport`, both JSON. It lives in a process of its own because memory that
runs out may end the process, and because no framework gives back all that it ever took.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from digits_core.contracts.backend import Backend, Batch, BuildContext, Device, Program
from digits_core.errors import CapabilityMissing, DigitsError
from digits_core.graph.codec import decode
from digits_core.graph.graph import Graph
from digits_core.graph.native import JOB_OPS
from digits_core.hooks.registry import discover
from digits_core.spec.job import BackendOptions
from digits_core.spec.model import Spec
from digits_core.spec.solver import Solver
from digits_core.training.diagnosis import is_out_of_memory
from digits_core.training.initialize import initial_arrays

#: Steps are measured for so long, at least one and at most so many.
MEASURED_S, MEASURED_STEPS = 1.0, 20
#: Batches that wait on the device while a step runs, as those of the prefetcher do.
AHEAD = 3


class ProbeRequest(Spec):
    """What is tried."""

    backend: str
    """Name of the backend."""
    graph: dict[str, Any]
    """The network, as `digits_core.graph.codec` writes it."""
    solver: Solver
    """How weights are updated."""
    options: BackendOptions
    """How the backend computes."""
    kind: Literal["cpu", "gpu"]
    """Kind of the device; the first of that kind that the process sees is used."""
    batch: int = Field(ge=1)
    """Pictures per step."""
    cores: tuple[int, ...] = ()
    """Cores that the process keeps to; empty: any."""


class ProbeReport(Spec):
    """What was found."""

    fits: bool = True
    """Whether memory sufficed."""
    memory_bytes: int = 0
    """The most main memory that the process had; for a GPU this is not the memory of the device."""
    seconds_per_step: float = 0.0
    """The fastest step that was measured."""
    problem: str = ""
    """Why the backend refused it."""
    hint: str = ""
    """What to do about that."""


def probe(request: ProbeRequest) -> ProbeReport:
    """Build the program, train a few steps and evaluate once, on random pictures; a full memory is an answer."""
    try:
        seconds = _measure(request, decode(request.graph, ops=JOB_OPS))
    except DigitsError as reason:
        return ProbeReport(problem=" ".join(problem.message for problem in reason.problems), hint=reason.hint)
    except Exception as reason:
        if is_out_of_memory(reason):
            return ProbeReport(fits=False)
        raise
    return ProbeReport(memory_bytes=peak_memory(), seconds_per_step=seconds)


def peak_memory() -> int:
    """The most main memory that this process ever had, in bytes."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    # Not first: Linux passes on what the parent had when it started this process.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _measure(request: ProbeRequest, graph: Graph) -> float:
    """Seconds of the fastest step but the first."""
    backend = discover().backends.get(request.backend)()
    context = BuildContext(first_device(backend, request.kind), batch=request.batch)
    program = backend.build(graph, request.solver, request.options, context)
    try:
        return _steps(program, graph, request)
    finally:
        program.close()


def _steps(program: Program, graph: Graph, request: ProbeRequest) -> float:
    batch, state = _random_batch(graph, request.batch), program.load(initial_arrays(graph, seed=0))
    waiting = [program.place(batch) for _ in range(AHEAD)]
    fastest, began = float("inf"), time.perf_counter()
    for step in range(1 + MEASURED_STEPS):
        started = time.perf_counter()
        state, scores = program.train_step(state, waiting[step % AHEAD], request.solver.rate, step)
        float(scores["loss"])
        if step == 0:  # It may have compiled.
            began = time.perf_counter()
            continue
        fastest = min(fastest, time.perf_counter() - started)
        if time.perf_counter() - began > MEASURED_S:
            break
    float(program.evaluate_step(state, program.place(batch))["loss"])
    return fastest


def first_device(backend: Backend, kind: str) -> Device:
    """The first device of a kind that a backend sees in this process.

    Raises:
        CapabilityMissing: If it sees none.
    """
    here = backend.devices()
    found = next((device for device in here if device.kind == kind), None)
    if found is None:
        names = ", ".join(device.id for device in here)
        raise CapabilityMissing(
            f"Backend {backend.name} cannot compute on a {kind}, found {names}.",
            hint=f"Ask for --devices {here[0].kind}, or install the {kind.upper()} build of its framework.",
        )
    return found


def _random_batch(graph: Graph, count: int) -> Batch:
    drawn, picture = np.random.default_rng(0), graph.input
    shape = (count, picture.height, picture.width, picture.channels)
    return Batch(
        images=drawn.integers(0, 256, shape, dtype=np.uint8),
        labels=drawn.integers(0, graph.classes, count, dtype=np.int32),
        weights=np.ones(count, np.float32),
    )


def main() -> None:
    """Answer the request on standard input."""
    request = ProbeRequest.model_validate_json(sys.stdin.read())
    if request.cores:
        os.sched_setaffinity(0, request.cores)
    with contextlib.suppress(OSError):
        # Where memory runs out, this process is to be ended and no other.
        Path("/proc/self/oom_score_adj").write_text("1000")
    report = probe(request)
    print()  # Whatever a framework printed ends here.
    print(report.model_dump_json(), flush=True)


if __name__ == "__main__":
    main()
