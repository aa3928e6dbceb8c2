"""One short process that is placed as a worker would be, to see how it fares."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import ValidationError

from digits_core.errors import WorkerDied
from digits_core.scheduling.inventory import MachineDevice, machine_devices
from digits_core.scheduling.local import surroundings
from digits_core.spec.model import ModelT
from digits_core.store.home import Home
from digits_core.store.settings import read_settings


class Stage(NamedTuple):
    """Where a worker of some backend would run.

    Attributes:
        interpreter: Its Python.
        environment: What it finds in its environment, over that of this process.
        cores: Cores that it is kept on; empty: any.
    """

    interpreter: str
    environment: dict[str, str]
    cores: tuple[int, ...]


class Rehearsal(NamedTuple):
    """How it went.

    Attributes:
        status: Exit status, negative for a signal; None where it was ended because it took too long.
        out: What it printed.
        err: What it printed on standard error.
    """

    status: int | None
    out: str = ""
    err: str = ""

    def answer(self, model: type[ModelT], what: str, hint: str) -> ModelT:
        """What it answered: the last line that it printed, where a framework may have printed before.

        Args:
            model: The form of the answer.
            what: What was tried, for errors.
            hint: What to do where there is no answer.

        Raises:
            WorkerDied: If there is none.
        """
        lines = self.out.strip().splitlines()
        if self.status == 0 and lines:
            with contextlib.suppress(ValidationError):
                return model.model_validate_json(lines[-1])
        ended = "took too long" if self.status is None else f"ended with status {self.status}"
        said = (self.err.strip().splitlines() or ["it said nothing"])[-1]
        raise WorkerDied(f"{what} {ended}: {said}.", hint=hint)


def stage_for(home: Home, backend: str, devices: Sequence[MachineDevice]) -> Stage:
    """Where a worker of ``backend`` runs that is alone on ``devices``.

    Raises:
        SpecInvalid: If the settings of the home are not what they should be.
    """
    placed = surroundings(devices, {device.id: device for device in machine_devices()}, ())
    interpreter = read_settings(home).interpreters.get(backend, sys.executable)
    return Stage(interpreter, placed["environment"], tuple(placed["cores"]))


def rehearse(stage: Stage, module: str, request: str, patience_s: float) -> Rehearsal:
    """Run ``python -m MODULE`` there.

    Args:
        stage: Where it runs; the process keeps to its cores by itself.
        module: What runs.
        request: What it reads on standard input.
        patience_s: When it is ended.
    """
    try:
        done = subprocess.run(
            [stage.interpreter, "-P", "-m", module],
            input=request,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=patience_s,
            env={**os.environ, **stage.environment},
        )
    except subprocess.TimeoutExpired:
        return Rehearsal(None)
    return Rehearsal(done.returncode, done.stdout, done.stderr)
