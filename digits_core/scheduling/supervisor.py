"""The leading process of a run: ``python -m digits_core.scheduling.supervisor JOB_FOLDER RUN``.

::

    launcher ── orders (JSON on standard input) ─→ supervisor ─┬─ worker 0   what they print goes to bounded logs;
                                                               ├─ worker 1   their standard input ends when
                                                               └─ …          the supervisor does
                                                            └─ trackers     see `digits_core.scheduling.telling`
    every second: devices and processes → usage.jsonl · is anything moving? · has one ended?

It imports no framework and little else. It claims the run, so that two of them never carry the same; when one worker
dies it ends the others; it says in the journal why a worker died that could not say so itself; and it leaves no process
behind. Of a run on several machines each has a supervisor, see `digits_core.scheduling.membership`; that of node 0
leads, claims the run and says its last word.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import filelock
import psutil

from digits_core.disk import write_file
from digits_core.errors import JobFailed, StorageUnusable
from digits_core.events.facts import LastWord, RunFailed, RunStarted, TrainingLogged, last_word
from digits_core.events.journal import Journal, read_facts
from digits_core.scheduling.deaths import OomCounter, died
from digits_core.scheduling.logs import pump_log
from digits_core.scheduling.membership import Membership, is_due
from digits_core.scheduling.monitor import Monitor, UsageJournal
from digits_core.scheduling.nodes import ALONE, Place
from digits_core.scheduling.trackers import PATIENCE_S, Trackers

LOOK_SECONDS, SAMPLE_SECONDS = 0.05, 1.0
#: What the others are given to end by themselves after one has failed, and to write down where they stand.
GRACE_SECONDS, DUMP_SECONDS = 3.0, 2.0
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Orders:
    """What the launcher wants.

    Attributes:
        processes: For each worker its command, environment and cores; see also `Membership.gather`.
        devices: Ids of the devices to watch.
        hang_seconds: Without a sign of life for so long a run has failed; 0: never.
        place: Which of several machines this one is.
        trackers: Who else is told what happens, with their settings.
        patience_s: Seconds that these have when the run has ended.
    """

    processes: tuple[dict[str, Any], ...]
    devices: tuple[str, ...]
    hang_seconds: float
    place: Place = ALONE
    trackers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    patience_s: float = PATIENCE_S


def main(job: Path, run: int, orders: Orders) -> int:
    """Carry the run, or this machine's share of it; returns 0 where every worker did."""
    if not (is_due(job, run) if orders.place.rank else _claim(job, run)):
        return 0
    _adopt_orphans()
    supervisor = Supervisor(job, run, orders)
    signal.signal(signal.SIGTERM, supervisor.on_terminate)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return supervisor.carry()


class Supervisor:
    """Watches the workers of one run.

    Args:
        job: Folder of the job.
        run: Number of the run.
        orders: What to start.
    """

    def __init__(self, job: Path, run: int, orders: Orders) -> None:
        self._job, self._run, self._orders = job, run, orders
        self._journal = Journal(job / "events.jsonl")
        self._workers: list[subprocess.Popen[bytes]] = []
        self._pumps: list[threading.Thread] = []
        self._oom = OomCounter()
        self._usage = UsageJournal(job / "usage.jsonl")
        self._killed: set[int] = set()
        self._team = Membership(job, run, orders.place)
        self._leads = orders.place.rank == 0
        self._trackers = Trackers(job, orders.trackers, orders.patience_s)

    def carry(self) -> int:
        """Start the workers, watch them to their end, and say what they could not."""
        cause: RunFailed | None = None
        try:
            processes = self._team.gather(self._orders.processes)
            for index, process in enumerate(processes, self._team.first):
                self._start(index, process)
            self._trackers.start()
            cause = self._watch()
        except JobFailed as reason:
            cause = RunFailed(0, reason.problems[0].message, reason.hint)
        finally:
            self._end()
        codes = [worker.returncode for worker in self._workers]
        if cause is None and self._leads and any(codes) and self._last_word() is None:
            cause = died(next(code for code in codes if code), self._oom.happened())
        if cause is not None and self._may_add():
            self._say(cause)
        self._team.leave(cause, well=not any(codes))
        self._trackers.end()
        return int(any(codes) or cause is not None)

    def on_terminate(self, number: int, frame: FrameType | None) -> None:
        """Ask for a pause: a machine that shuts down says so, and training is kept."""
        with contextlib.suppress(OSError):
            (self._job / "control").mkdir(exist_ok=True)
            (self._job / "control" / "pause").touch()

    def _start(self, index: int, process: dict[str, Any]) -> None:
        before = os.sched_getaffinity(0) if process["cores"] else None
        if before:
            os.sched_setaffinity(0, process["cores"])
        try:
            worker = subprocess.Popen(
                process["command"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **process["environment"]},
            )
        finally:
            if before:
                os.sched_setaffinity(0, before)
        self._workers.append(worker)
        assert worker.stdout is not None
        log = self._job / ("log.txt" if index == 0 else f"log-{index}.txt")
        pump = threading.Thread(target=pump_log, args=(worker.stdout, log), daemon=True)
        pump.start()
        self._pumps.append(pump)

    def _watch(self) -> RunFailed | None:
        """Until no worker runs; returns why the run failed, where a worker cannot say so itself."""
        pulse, sampled = _Pulse(self._job / "beat"), float("-inf")
        end_at: float | None = None
        cause: RunFailed | None = None
        monitor = Monitor()
        while running := [worker for worker in self._workers if worker.poll() is None]:
            now = time.monotonic()
            if end_at is None and (left := self._team.look()) is not None:
                cause, end_at = left.cause, now + left.patience_s
            if end_at is None and self._failed():
                cause = self._killed_from_outside()
                end_at = now if cause else now + GRACE_SECONDS
            if end_at is not None and now >= end_at:
                self._kill(running)
            elif self._leads and self._orders.hang_seconds and pulse.silent_for() > self._orders.hang_seconds:
                cause = self._hung(running)
            if self._leads and now - sampled >= SAMPLE_SECONDS:
                sampled = now
                self._sample(monitor, running)
            time.sleep(LOOK_SECONDS)
        if cause is not None or not self._failed():
            return cause
        if self._team.alone:
            return self._killed_from_outside()
        # Workers miss those of another node before its supervisor has said why they ended.
        return self._killed_from_outside() or self._team.explain()

    def _failed(self) -> list[subprocess.Popen[bytes]]:
        return [worker for worker in self._workers if worker.returncode and worker.pid not in self._killed]

    def _killed_from_outside(self) -> RunFailed | None:
        """The word on behalf of the first worker that a signal has ended."""
        worker = next((worker for worker in self._failed() if worker.returncode < 0), None)
        # Frameworks abort themselves where they miss workers of another node, which is no cause.
        if worker is None or (worker.returncode == -signal.SIGABRT and not self._team.alone):
            return None
        index, count = self._team.first + self._workers.index(worker), self._team.count or len(self._workers)
        return died(worker.returncode, self._oom.happened(), index, count, self._team.where)

    def _sample(self, monitor: Monitor, running: list[subprocess.Popen[bytes]]) -> None:
        # A full disk ends no run by itself: who has something to write that counts says so.
        with contextlib.suppress(OSError, StorageUnusable):
            (self._job / "alive").touch()
            self._usage.append(monitor.sample(self._orders.devices, [worker.pid for worker in running]))

    def _hung(self, running: list[subprocess.Popen[bytes]]) -> RunFailed:
        for worker in running:
            worker.send_signal(signal.SIGUSR1)
        time.sleep(DUMP_SECONDS)
        self._kill(running)
        return RunFailed(
            0,
            f"Nothing moved for {self._orders.hang_seconds:g} seconds, so the run was ended.",
            "Where every thread stood is in the job's log.txt. If a step may take that long, set DIGITS_HANG_SECONDS.",
        )

    def _kill(self, workers: list[subprocess.Popen[bytes]]) -> None:
        for worker in workers:
            self._killed.add(worker.pid)
            worker.kill()

    def _end(self) -> None:
        """End what is left, wherever it came from, and let the logs be complete."""
        for child in set(psutil.Process().children(recursive=True)).difference(self._trackers.processes()):
            with contextlib.suppress(psutil.Error):
                child.kill()
        for worker in self._workers:
            worker.wait()
        for pump in self._pumps:
            pump.join(GRACE_SECONDS)

    def _say(self, cause: RunFailed) -> None:
        word = RunFailed(self._step(), cause.message, cause.hint, cause.details, self._run)
        try:
            self._journal.append(word)
        except StorageUnusable as reason:
            print(f"{word.message} {reason}", file=sys.stderr)

    def _may_add(self) -> bool:
        """Whether a cause is news: a worker that aborts on its way out after a good end has ended well."""
        return (self._leads or bool(self._workers)) and isinstance(self._last_word(), RunFailed | None)

    def _last_word(self) -> LastWord | None:
        return last_word((recorded.fact for recorded in read_facts(self._journal.path)), self._run)

    def _step(self) -> int:
        facts = [recorded.fact for recorded in read_facts(self._journal.path)]
        return next((fact.step for fact in reversed(facts) if isinstance(fact, (RunStarted, TrainingLogged))), 0)


class _Pulse:
    """How long a file has not been touched, by this process's own clock.

    Args:
        path: The file; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._read()
        self._seen = time.monotonic()

    def silent_for(self) -> float:
        """Seconds since it was last seen to change."""
        stamp, now = self._read(), time.monotonic()
        if stamp != self._stamp:
            self._stamp, self._seen = stamp, now
        return now - self._seen

    def _read(self) -> int:
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return 0


def _claim(job: Path, run: int) -> bool:
    """Whether this process may carry the run: nobody else does, and nobody has given up waiting for it."""
    try:
        with filelock.FileLock(job / "lock", timeout=60):
            if json.loads((job / "run.json").read_bytes())["number"] != run:
                return False
            own = psutil.Process()
            handle = {"pid": own.pid, "started": own.create_time(), "host": os.uname().nodename, "run": run}
            write_file(job / "process.json", json.dumps(handle))
    except (OSError, ValueError, KeyError, filelock.Timeout):
        return False
    return True


def _adopt_orphans() -> None:
    """Let processes whose parent ends become children of this one, so that it can end them."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


if __name__ == "__main__":
    ordered = json.load(sys.stdin)
    sys.exit(
        main(
            Path(sys.argv[1]),
            int(sys.argv[2]),
            Orders(
                tuple(ordered["processes"]),
                tuple(ordered["devices"]),
                ordered["hang_seconds"],
                Place(**ordered.get("place", {"count": 1})),
                ordered.get("trackers", {}),
                ordered.get("patience_s", PATIENCE_S),
            ),
        )
    )
