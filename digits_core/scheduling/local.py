"""Runs as processes of this machine."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import psutil

from digits_core.contracts.launcher import ADDRESSES, LIFELINE, Handle, Launcher
from digits_core.disk import storage_errors
from digits_core.errors import SpecInvalid, StateConflict
from digits_core.scheduling.addresses import free_addresses
from digits_core.scheduling.inventory import MachineDevice, machine_devices
from digits_core.scheduling.nodes import ALONE, Place, find_place
from digits_core.scheduling.requests import Processes
from digits_core.store.job import JobFolder, RunRequest
from digits_core.store.settings import read_settings

#: How far two readings of one process's start time may differ, in seconds.
START_TOLERANCE_S = 0.1
#: Without a sign of life for so many seconds a run is ended; set to 0 to wait for ever.
HANG_SECONDS, HANG_VARIABLE = 1800.0, "DIGITS_HANG_SECONDS"
#: How often a thread of OpenMP looks before it sleeps while it waits for others: with the default of 300,000 training
#: is ten times slower as soon as anybody else computes on one of its cores.
SPINS = "1000"


class LocalLauncher(Launcher):
    """Starts ``python -m digits_core.scheduling.supervisor JOB_FOLDER RUN`` in a session of its own.

    The supervisor and its workers outlive the command line that started them: a closed terminal or a Ctrl-C reaches
    the parent only, and the parent decides what to ask of the job.
    """

    name: ClassVar = "local"
    #: Supervisors that this process started: it alone hears how they end.
    _children: ClassVar[dict[int, subprocess.Popen[bytes]]] = {}

    def start(self, job_folder: Path, run: int) -> Handle:
        """Start the supervisor of a run; what it and its workers print goes to ``log.txt``.

        Raises:
            StateConflict: If the job's ``run.json`` speaks of another run.
            StorageUnusable: If the log cannot be written.
        """
        job = JobFolder(job_folder)
        request = job.run()
        if request is None or request.number != run:
            raise StateConflict(f"Job {job.id} does not wait for run {run}.", where=str(job.path))
        return self._supervise(job, run, orders(job, request), job.log_path)

    def join(self, job: JobFolder, run: RunRequest, place: Place, processes: Processes) -> Handle:
        """Start a supervisor for this machine's share of a run that another machine leads.

        Args:
            job: The job.
            run: Its run.
            place: Which machine this is.
            processes: For each process of this machine the ids of its devices.

        Raises:
            StorageUnusable: If the log cannot be written.
        """
        own = run.model_copy(update={"processes": processes})
        return self._supervise(job, run.number, orders(job, own, place), job.path / f"log-node{place.rank}.txt")

    def _supervise(self, job: JobFolder, run: int, ordered: dict[str, Any], log_path: Path) -> Handle:
        with storage_errors(log_path.name), open(log_path, "ab") as log:
            child = subprocess.Popen(
                # -P: a folder of pictures may hold a file called random.py, and is not to be imported from.
                [sys.executable, "-P", "-m", "digits_core.scheduling.supervisor", str(job.path), str(run)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._children[child.pid] = child
        handle = Handle(child.pid, psutil.Process(child.pid).create_time(), os.uname().nodename, run)
        with contextlib.suppress(BrokenPipeError):  # It ended at once; who looks next finds it dead.
            assert child.stdin is not None
            with child.stdin as stream:
                stream.write(json.dumps(ordered).encode())
        return handle

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
        """Exit code of a supervisor that this launcher started and that has ended, negative for a signal."""
        child = self._children.get(handle.pid)
        return child.poll() if child else None

    def stop(self, handle: Handle) -> None:
        """Kill the supervisor's process group, workers and all, without waiting; nothing where it has ended."""
        if self.alive(handle):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(handle.pid, signal.SIGKILL)


def orders(job: JobFolder, run: RunRequest, place: Place | None = None) -> dict[str, Any]:
    """What a supervisor is told: see `digits_core.scheduling.supervisor.Orders`.

    Args:
        job: The job.
        run: Its run, with the devices of this machine.
        place: Which of several machines this is; empty: the first.
    """
    place = place or find_place(str(run.nodes), 0, run.coordinator or None, {}) or ALONE
    here = {device.id: device for device in machine_devices()}
    interpreter = read_settings(job.home).interpreters.get(run.backend, sys.executable)
    alone = place.count == 1
    # With several machines addresses and indices are known once all of them have met.
    addresses = free_addresses(len(run.processes)) if alone and len(run.processes) > 1 else ()
    module = "digits_core.training.worker" if run.trains else "digits_core.service.worker"
    command = [interpreter, "-P", "-m", module, str(job.path)]
    processes = [
        {
            "command": [*command, str(index)] if alone else command,
            "devices": ids,
            **surroundings([here[id] for id in ids if id in here], here, addresses),
        }
        for index, ids in enumerate(run.processes)
    ]
    return {
        "processes": processes,
        "devices": list(run.devices),
        "hang_seconds": _hang_seconds(),
        "place": dataclasses.asdict(place),
        "trackers": {} if place.rank else run.trackers,
    }


def surroundings(
    devices: Sequence[MachineDevice], here: dict[str, MachineDevice], addresses: Sequence[str]
) -> dict[str, Any]:
    """The environment of a worker on ``devices``, and the cores that it is kept on."""
    gpus = [device.uuid or device.id.partition(":")[2] for device in devices if device.kind == "gpu"]
    environment = {
        "PYTHONUNBUFFERED": "1",
        LIFELINE: "1",
        ADDRESSES: ",".join(addresses),
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        # A job sees its own devices and no others: frameworks take the memory of whatever they see.
        "CUDA_VISIBLE_DEVICES": ",".join(gpus),
        "GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", SPINS),
    }
    given = {device.core for device in devices if device.kind == "cpu" and device.core is not None}
    everything = {device.core for device in here.values() if device.core is not None}
    if not given or given == everything:
        return {"environment": environment, "cores": []}
    # Threads that wait for each other on one core wait long.
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(len(given)))
    return {"environment": environment, "cores": sorted(given)}


def _hang_seconds() -> float:
    text = os.environ.get(HANG_VARIABLE, "")
    try:
        seconds = float(text) if text else HANG_SECONDS
    except ValueError:
        seconds = -1.0
    if seconds < 0:
        raise SpecInvalid(f"{HANG_VARIABLE} expects a number of seconds, 0 or more, found {text!r}.")
    return seconds
