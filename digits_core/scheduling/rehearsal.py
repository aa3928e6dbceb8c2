"""One short process that is placed as a worker would be, to see how it fares."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

from digits_core.scheduling.inventory import MachineDevice, machine_devices
from digits_core.scheduling.local import surroundings
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
