"""Taking part in a job that another machine leads: wait for its runs, carry this machine's share of each, follow them.

Only node 0 decides anything: this machine starts no job, and ends none but its own share.
"""

from __future__ import annotations

import contextlib
import os
import time

from digits_core.contracts.backend import Backend
from digits_core.contracts.launcher import Handle
from digits_core.errors import CapabilityMissing, DigitsError, JobFailed, RequestWrong, StateConflict
from digits_core.events.facts import RunFailed, last_word
from digits_core.events.follower import Follower
from digits_core.hooks.registry import Registry
from digits_core.scheduling.inventory import machine_devices
from digits_core.scheduling.local import LocalLauncher
from digits_core.scheduling.meeting import PATIENCE_S
from digits_core.scheduling.nodes import Place
from digits_core.scheduling.requests import Processes, allocate, parse_devices
from digits_core.scheduling.scheduler import device_kinds
from digits_core.scheduling.states import CLOSED, Standing, standing
from digits_core.service.runs import POLL_S
from digits_core.service.summary import job_view
from digits_core.service.views.jobs import JobView
from digits_core.service.watcher import Watcher
from digits_core.store.job import JobFolder, RunRequest

#: How long node 0 may leave a run that has ended without a last word.
SILENCE_S = 15.0


class Joining:
    """This machine's part in a job.

    Args:
        folder: The job; it may appear later.
        place: Which machine this is.
        backends: What jobs may be trained in.
    """

    def __init__(self, folder: JobFolder, place: Place, backends: Registry[Backend]) -> None:
        self._folder, self._place, self._backends = folder, place, backends
        self._launcher = LocalLauncher()
        self._share: Handle | None = None
        self._ended: float | None = None

    def carry(self, watcher: Watcher, *, after: int = 0) -> JobView:
        """Carry this machine's share of every run until the job waits for nothing but a person.

        Args:
            watcher: Is told what happens.
            after: Only of runs with a higher number.

        Raises:
            RequestWrong: If node 0 found the request wrong, and deleted the job.
            StateConflict: If the job does not come, or is led for another number of machines.
            JobFailed: If node 0 is gone.
        """
        self._wait_for_run(after, watcher)
        watcher.started(job_view(self._folder, self._launcher))
        follower = Follower(self._folder.journal.path, self._folder.journal.size() if after else 0)
        said = ""
        while self._folder.path.exists():
            with contextlib.suppress(FileNotFoundError):
                stands = standing(self._folder, self._launcher)
                self._start_share(stands)
                for item in follower.poll():
                    watcher.recorded(item)
                    said = item.fact.message if isinstance(item.fact, RunFailed) else said
                if self._is_over(stands):
                    return job_view(self._folder, self._launcher)
            time.sleep(POLL_S)
        raise RequestWrong(said or f"Node 0 deleted job {self._folder.id}.", hint="See what it says.")

    def stop(self) -> None:
        """Kill this machine's share at once; the run fails with it."""
        if self._share is not None:
            self._launcher.stop(self._share)

    def _wait_for_run(self, after: int, watcher: Watcher) -> None:
        end = time.monotonic() + PATIENCE_S
        if self._number() <= after:
            watcher.noted(f"Waits for node 0 to ask for job {self._folder.id}.")
        while self._number() <= after:
            if time.monotonic() > end:
                waited = f"Node 0 has not asked for job {self._folder.id} within {PATIENCE_S / 60:g} minutes."
                hint = "Start the same command on node 0, with the same DIGITS_HOME on a shared file system."
                raise StateConflict(waited, where=str(self._folder.path), hint=hint)
            time.sleep(POLL_S)

    def _number(self) -> int:
        with contextlib.suppress(DigitsError, OSError):
            run = self._folder.run()
            return run.number if run else 0
        return 0

    def _start_share(self, stands: Standing) -> None:
        """Start a supervisor for a run that node 0 has begun."""
        run, carried = stands.run, self._share.run if self._share else 0
        if run is None or not run.processes or run.number == carried or stands.state in CLOSED:
            return
        if run.nodes != self._place.count:
            hint = "Give every machine the same --nodes."
            raise StateConflict(
                f"Job {self._folder.id} runs on {run.nodes} nodes, not on {self._place.count}.", hint=hint
            )
        self._share = self._launcher.join(self._folder, run, self._place, self._devices(run))
        self._ended = None

    def _devices(self, run: RunRequest) -> Processes:
        """Devices of this machine, others than node 0 has where both are one machine."""
        kinds, devices = device_kinds(self._backends, run.backend), machine_devices()
        every = {device.id for device in devices}
        others = every - set(run.devices) if run.host == os.uname().nodename else every
        for free in (others, every):
            processes, _ = allocate(parse_devices(run.wanted), devices, free, kinds)
            if processes:
                return processes
        raise CapabilityMissing(f"Node {self._place.rank} has no devices for {run.wanted!r}.", where="devices")

    def _is_over(self, stands: Standing) -> bool:
        if self._share is not None and self._launcher.alive(self._share):
            return False
        assert stands.run is not None
        spoken = last_word((recorded.fact for recorded in stands.facts), stands.run.number) is not None
        if spoken or self._share is None or self._share.run != stands.run.number:
            return spoken and not stands.retries
        self._ended = self._ended or time.monotonic()
        if time.monotonic() - self._ended > SILENCE_S:
            raise JobFailed(
                f"Node 0 of job {self._folder.id} is gone: it was killed, or its machine or network is down.",
                hint="Resume the job on every node: it goes on from its last snapshot.",
            )
        return False
