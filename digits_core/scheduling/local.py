"""Runs as processes of this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import psutil

from digits_core.contracts.backend import ProcessLayout
from digits_core.contracts.launcher import Handle, Launcher
from digits_core.disk import storage_errors
from digits_core.errors import CapabilityMissing

#: How far two readings of one process's start time may differ, in seconds.
START_TOLERANCE_S = 0.1


class LocalLauncher(Launcher):
    """Starts ``python -m digits_core.training.worker JOB_FOLDER`` in a session of its own.

    The worker outlives the command line that started it: a closed terminal or a Ctrl-C reaches the parent only, and the
    parent decides what to ask of the worker.
    """

    name: ClassVar = "local"

    def __init__(self) -> None:
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, job_folder: Path, layout: ProcessLayout) -> Handle:
        """Start the worker; what it prints is appended to ``log.txt``.

        Raises:
            CapabilityMissing: If the layout has more than one process.
            StorageUnusable: If the log cannot be written.
        """
        if len(layout.processes) != 1:
            raise CapabilityMissing(
                f"The launcher 'local' starts one process per job, expected {len(layout.processes)}.",
                hint="Train on one device.",
            )
        with storage_errors("log.txt"), open(job_folder / "log.txt", "ab") as log:
            child = subprocess.Popen(
                # -P: a folder of pictures may hold a file called random.py, and is not to be imported from.
                [sys.executable, "-P", "-m", "digits_core.training.worker", str(job_folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=worker_environment(dict(os.environ)),
            )
        self._children[child.pid] = child
        return Handle(child.pid, psutil.Process(child.pid).create_time())

    def alive(self, handle: Handle) -> bool:
        """Whether the very process that was started still runs; a zombie does not."""
        child = self._children.get(handle.pid)
        if child is not None:
            return child.poll() is None
        try:
            process = psutil.Process(handle.pid)
            same = abs(process.create_time() - handle.started) < START_TOLERANCE_S
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def exit_code(self, handle: Handle) -> int | None:
        """Exit code of a worker that this launcher started and that has ended, negative for a signal."""
        child = self._children.get(handle.pid)
        return child.poll() if child else None

    def stop(self, handle: Handle) -> None:
        """Kill the worker's process group without waiting for its end; nothing happens where it has ended."""
        if self.alive(handle):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(handle.pid, signal.SIGKILL)


def worker_environment(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a worker: that of the parent, with defaults that frameworks need to behave."""
    # XLA's CPU client sizes its thread pool by the number of cores (or NPROC). Where several CPU devices meet in a
    # collective, each waits in a thread of that pool; with fewer threads than devices they wait for ever.
    environment.setdefault("NPROC", str(max(8, os.cpu_count() or 1)))
    # TensorFlow prints pages of information about the CPU otherwise.
    environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    environment.setdefault("PYTHONUNBUFFERED", "1")
    return environment
