"""A scheduler of its own: ``python -m digits_core.service.background HOME`` starts jobs until nothing is left to do."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from digits_core.disk import make_folder, storage_errors, write_file
from digits_core.service.runs import Runs
from digits_core.store.home import Home

#: Seconds between two looks at the queue.
LOOK_S = 0.2
#: How long nothing has to be left to do before the scheduler ends.
IDLE_S = 5.0
_START_TOLERANCE_S = 0.1
#: Schedulers that this process started; Python complains about those that it forgets while they run.
_started: list[subprocess.Popen[bytes]] = []


class Schedule:
    """Starts jobs of a home for as long as it is wanted.

    Args:
        home: Whose jobs.
        runs: What starts them.
    """

    def __init__(self, home: Home, runs: Runs) -> None:
        self._home, self._runs = home, runs
        self._wanted = True

    def run(self, *, until_idle: bool) -> None:
        """Start what can be started, again and again, until asked to end, or until nothing is left to do."""
        own = psutil.Process()
        make_folder(self._home.path)
        write_file(_path(self._home), json.dumps({"pid": own.pid, "started": own.create_time()}))
        busy = time.monotonic()
        while self._wanted:
            if not self._runs.look(wait=True):
                busy = time.monotonic()
            elif until_idle and time.monotonic() - busy > IDLE_S:
                break
            time.sleep(LOOK_S)
        if _running(self._home) == own.pid:
            _path(self._home).unlink(missing_ok=True)

    def end(self) -> None:
        """Let `run` return soon; jobs go on."""
        self._wanted = False


def ensure_scheduler(home: Home) -> int | None:
    """Start a scheduler in the background unless one runs; returns its process id where it was started now."""
    if _running(home) is not None:
        return None
    with storage_errors("the scheduler's log"):
        make_folder(home.path)
        log = open(home.path / "scheduler.log", "wb")
    with log:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "digits_core.service.background", str(home.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _started.append(child)
    return child.pid


def _running(home: Home) -> int | None:
    """Process id of the scheduler that runs."""
    with contextlib.suppress(OSError, ValueError, KeyError, psutil.Error):
        said = json.loads(_path(home).read_bytes())
        process = psutil.Process(said["pid"])
        if abs(process.create_time() - said["started"]) < _START_TOLERANCE_S and process.is_running():
            return process.pid if process.status() != psutil.STATUS_ZOMBIE else None
    return None


def _path(home: Home) -> Path:
    return home.path / "scheduler.json"


def main() -> None:
    """Schedule for the home that is named, until nothing is left to do."""
    from digits_core.service.digits import Digits

    schedule = Digits(Path(sys.argv[1])).schedule()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: schedule.end())
    os.chdir("/")
    schedule.run(until_idle=True)


if __name__ == "__main__":
    main()
