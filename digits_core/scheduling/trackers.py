"""The supervisor's side of trackers: a process for each, and a bound on what they may take at the end."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

from digits_core.disk import make_folder
from digits_core.errors import StorageUnusable
from digits_core.events.facts import Noted
from digits_core.events.journal import Journal
from digits_core.scheduling.logs import pump_log

#: Seconds that trackers have to write what is left, once a run has ended; who resumes a job waits a little longer.
PATIENCE_S = 15.0
#: What the system needs to end a process that is killed; one that is stuck in the system is left to it.
_DEATH_S = 1.0


class Trackers:
    """The trackers of one run; nothing that they do or leave undone gets out of here.

    Args:
        job: Folder of the job.
        settings: Names, and the settings of each.
        patience_s: Seconds that they have at the end, all together.
    """

    def __init__(self, job: Path, settings: Mapping[str, Mapping[str, Any]], patience_s: float = PATIENCE_S) -> None:
        self._job, self._settings, self._patience_s = job, settings, patience_s
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start a process for each."""
        for name, settings in self._settings.items():
            try:
                self._processes[name] = self._start(name, settings)
            except (OSError, StorageUnusable) as reason:
                self._note(f"Tracker {name} cannot be started: {reason}")

    def processes(self) -> Iterator[psutil.Process]:
        """Their processes, and what those have started."""
        for process in self._processes.values():
            with contextlib.suppress(psutil.Error):
                leader = psutil.Process(process.pid)
                yield leader
                yield from leader.children(recursive=True)

    def end(self) -> None:
        """Let them write what is left, and leave those that do not end."""
        for process in self._processes.values():
            assert process.stdin is not None
            with contextlib.suppress(OSError):
                process.stdin.close()
        deadline = time.monotonic() + self._patience_s
        for name, process in self._processes.items():
            try:
                self._explain(name, process.wait(max(0.0, deadline - time.monotonic())))
            except subprocess.TimeoutExpired:
                self._note(
                    f"Tracker {name} was left: it had not ended {self._patience_s:g} seconds after training had. "
                    "What it misses it is told when the job goes on."
                )
        for left in list(self.processes()):
            with contextlib.suppress(psutil.Error):
                left.kill()
        for process in self._processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_DEATH_S)

    def _start(self, name: str, settings: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        folder = self._job / "trackers"
        make_folder(folder)
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "digits_core.scheduling.telling", str(self._job), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdin is not None and process.stdout is not None
        threading.Thread(target=pump_log, args=(process.stdout, folder / f"{name}.txt"), daemon=True).start()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(settings).encode() + b"\n")
            process.stdin.flush()
        return process

    def _explain(self, name: str, code: int) -> None:
        # One that fails in words has noted them itself.
        if code < 0:
            self._note(f"Tracker {name} was ended by signal {-code}; see trackers/{name}.txt in the job's folder.")

    def _note(self, message: str) -> None:
        with contextlib.suppress(StorageUnusable):
            Journal(self._job / "events.jsonl").append(Noted(message))
