"""Several real processes that train together on this machine, for the conformance kit.

The kit writes what is to be done into a folder and starts ``python -m digits_core.testing.team FOLDER INDEX`` once for
every process; each leaves its scores and weights there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from digits_core.contracts.backend import SCORE_NAMES, Arrays, Batch, BuildContext
from digits_core.graph import codec
from digits_core.graph.graph import Graph
from digits_core.hooks.registry import discover
from digits_core.hooks.solvers import known_solver
from digits_core.scheduling.addresses import free_addresses
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Solver, SolverBase
from digits_core.testing.graphs import batch_of, weights_of, with_targets

#: Seconds that a team is given; importing three frameworks at once takes some of them.
PATIENCE_S = 240
SEED = 7


@dataclass(frozen=True, slots=True)
class Trained:
    """What one process arrived at.

    Attributes:
        scores: Sums over all processes, float64 ``[steps, 4]``, in the order of `SCORE_NAMES`.
        arrays: Weights and solver slots.
    """

    scores: npt.NDArray[np.float64]
    arrays: Arrays


@dataclass(frozen=True, slots=True)
class Exercise:
    """What a team is to do.

    Attributes:
        backend: Name of a backend that is installed.
        graph: The network.
        solver: How weights are updated.
        options: How the backend computes.
        batch: Global batch size.
        rates: One step each.
        targets: Whether rows have second targets and an importance.
    """

    backend: str
    graph: Graph
    solver: SolverBase
    batch: int
    rates: Sequence[float]
    options: BackendOptions = field(default_factory=BackendOptions)
    targets: bool = False

    def run(self, index: int = 0, addresses: tuple[str, ...] = ()) -> Trained:
        """Do it in this process; without addresses alone."""
        backend = discover().backends.get(self.backend)()
        device = next(device for device in backend.devices() if device.kind == "cpu")
        context = BuildContext(device, SEED, self.batch, index, addresses)
        program = backend.build(self.graph, self.solver, self.options, context)
        state = program.load(weights_of(self.graph))
        scores = np.zeros((len(self.rates), len(SCORE_NAMES)))
        for step, rate in enumerate(self.rates):
            whole = batch_of(self.graph, size=self.batch, seed=step)
            whole = with_targets(whole, self.graph.classes) if self.targets else whole
            batch = program.place(rows_of(whole, context.rows))
            state, found = program.train_step(state, batch, rate, step)
            scores[step] = [float(found[name]) for name in SCORE_NAMES]
        trained = Trained(program.total(scores), program.save(state))
        program.close()
        return trained

    def run_together(self, folder: Path, count: int) -> list[Trained]:
        """Do it in ``count`` processes, which write into ``folder``.

        Raises:
            AssertionError: If one of them fails; with what it printed.
        """
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "exercise.json").write_text(json.dumps(self._encoded(free_addresses(count))), encoding="utf-8")
        command = [sys.executable, "-m", "digits_core.testing.team", str(folder)]
        with ExitStack() as stack:
            logs = [stack.enter_context(open(folder / f"log-{index}.txt", "wb")) for index in range(count)]
            children = [
                subprocess.Popen([*command, str(index)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
                for index, log in enumerate(logs)
            ]
            try:
                codes = [child.wait(PATIENCE_S) for child in children]
            finally:
                for child in children:
                    child.kill()
        texts = [(folder / f"log-{index}.txt").read_text(errors="replace")[-2000:] for index in range(count)]
        assert not any(codes), f"exit codes {codes}:\n" + "\n".join(texts)
        return [_read(folder / f"trained-{index}.npz") for index in range(count)]

    def _encoded(self, addresses: Sequence[str]) -> dict[str, Any]:
        return {
            "backend": self.backend,
            "graph": codec.encode(self.graph),
            "solver": self.solver.model_dump(mode="json"),
            "options": self.options.model_dump(mode="json"),
            "batch": self.batch,
            "rates": list(self.rates),
            "targets": self.targets,
            "addresses": list(addresses),
        }


def rows_of(batch: Batch, rows: range) -> Batch:
    """Some rows of a batch."""
    return batch.part(slice(rows.start, rows.stop))


def main(folder: Path, index: int) -> None:
    """Do one process's share of the exercise in ``folder``."""
    data = json.loads((folder / "exercise.json").read_text(encoding="utf-8"))
    exercise = Exercise(
        data["backend"],
        codec.decode(data["graph"]),
        known_solver(TypeAdapter[SolverBase](Solver).validate_python(data["solver"]), discover().solvers),
        data["batch"],
        data["rates"],
        BackendOptions.model_validate(data["options"]),
        data["targets"],
    )
    trained = exercise.run(index, tuple(data["addresses"]))
    np.savez(folder / f"trained-{index}.npz", scores=trained.scores, **trained.arrays)  # type: ignore[arg-type]


def _read(path: Path) -> Trained:
    with np.load(path) as found:
        arrays = {name: found[name] for name in found.files}
    return Trained(arrays.pop("scores"), arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
