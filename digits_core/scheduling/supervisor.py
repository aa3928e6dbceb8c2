"""The leading process of a run: ``python -m digits_core.scheduling.supervisor JOB_FOLDER RUN``.

::

    launcher ── orders (JSON on standard input) ─→ supervisor ─┬─ worker 0   what they print goes to bounded logs;
                                                               ├─ worker 1   their standard input ends when
                                                               └─ …          the supervisor does
    every second: devices and processes → usage.jsonl · is anything moving? · has one ended?

It imports no framework and little else. It claims the run, so that two of them never carry the same; when one worker
dies it ends the others; it says in the journal why a worker died that could not say so itself; and it leaves no process
behind.

Of a run on several machines each has a supervisor, and that of node 0 leads: it claims the run and says its last word.
The others speak up only for workers of their own that were killed, and end when it does.
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
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

import filelock
import psutil

from digits_core.contracts.launcher import ADDRESSES, DEVICES
from digits_core.disk import write_file
from digits_core.errors import JobFailed
from digits_core.events.facts import RunAborted, RunFailed, RunPaused, RunStarted, TrainingLogged
from digits_core.events.journal import Journal, read_facts
from digits_core.scheduling.deaths import OomCounter, died
from digits_core.scheduling.meeting import Farewell, Following, Leading, Meeting
from digits_core.scheduling.monitor import Monitor, UsageJournal
from digits_core.scheduling.nodes import Place
from digits_core.scheduling.states import last_word

#: Most bytes of a log file; when it is full it becomes ``….1.txt`` in place of the one before.
LOG_BYTES = 8 * 2**20
LOOK_SECONDS, SAMPLE_SECONDS = 0.05, 1.0
#: What the others are given to end by themselves after one has failed, and to write down where they stand.
GRACE_SECONDS, DUMP_SECONDS = 3.0, 2.0
#: What workers are given to end once node 0 has finished.
LEAVE_SECONDS = 15.0
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Orders:
    """What the launcher wants.

    Attributes:
        processes: For each worker its command, environment and cores; with several nodes also its devices, and the
            command lacks its last word, the worker's index.
        devices: Ids of the devices to watch.
        hang_seconds: Without a sign of life for so long a run has failed; 0: never.
        place: Which of several machines this one is.
    """

    processes: tuple[dict[str, Any], ...]
    devices: tuple[str, ...]
    hang_seconds: float
    place: Place = Place(1)


def main(job: Path, run: int, orders: Orders) -> int:
    """Carry the run, or this node's share of it; returns 0 where every worker did."""
    if not (_is_due(job, run) if orders.place.rank else _claim(job, run)):
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
        self._leads = orders.place.rank == 0
        self._meeting = _meeting(job / "nodes" / f"{run}-0.json", orders.place)
        self._first, self._count = 0, len(orders.processes)
        self._looked = float("-inf")

    def carry(self) -> int:
        """Start the workers, watch them to their end, and say what they could not."""
        cause: RunFailed | None = None
        try:
            if self._meeting is None or self._meet(self._meeting):
                for index, process in enumerate(self._orders.processes):
                    self._start(self._first + index, process)
                cause = self._watch()
        except JobFailed as reason:
            cause = RunFailed(0, reason.problems[0].message, reason.hint)
            print(reason, file=sys.stderr)
        finally:
            self._end()
        codes = [worker.returncode for worker in self._workers]
        speaks = cause is not None and (self._leads or bool(self._workers))
        if cause is None and any(codes) and not self._spoken():
            cause = died(next(code for code in codes if code), self._oom.happened())
            speaks = self._leads
        if cause is not None and speaks:
            self._journal.append(RunFailed(self._step(), cause.message, cause.hint, cause.details, self._run))
        if self._meeting is not None:
            well = cause is None and not any(codes)
            message, hint = (cause.message, cause.hint) if cause else ("", "")
            self._meeting.leave(Farewell(self._orders.place.rank, well, message, hint))
        return int(any(codes) or cause is not None)

    def on_terminate(self, number: int, frame: FrameType | None) -> None:
        """Ask for a pause: a machine that shuts down says so, and training is kept."""
        with contextlib.suppress(OSError):
            (self._job / "control").mkdir(exist_ok=True)
            (self._job / "control" / "pause").touch()

    def _meet(self, meeting: Meeting) -> bool:
        """Wait for the other nodes, and tell the workers where all of them are; whether the run is still wanted."""
        processes = self._orders.processes
        roster = meeting.gather([process["devices"] for process in processes], self._is_wanted)
        if not roster:
            self._answer()
            return False
        shared = {
            ADDRESSES: ",".join(address for node in roster for address in node.addresses),
            DEVICES: ";".join(
                ",".join(f"node{rank}/{id}" if rank else id for id in ids)
                for rank, node in enumerate(roster)
                for ids in node.devices
            ),
        }
        self._first = sum(len(node.addresses) for node in roster[: self._orders.place.rank])
        self._count = sum(len(node.addresses) for node in roster)
        for index, process in enumerate(processes):
            process["command"].append(str(self._first + index))
            process["environment"] |= shared
        return True

    def _is_wanted(self) -> bool:
        """Whether nobody asked node 0 to stop, and node 0 has not stopped; looks once a second."""
        if time.monotonic() - self._looked < SAMPLE_SECONDS:
            return True
        self._looked = time.monotonic()
        if not self._leads:
            return not self._spoken()
        (self._job / "alive").touch()
        return not any((self._job / "control" / wish).exists() for wish in ("pause", "abort"))

    def _answer(self) -> None:
        """What a worker says to a wish, where none has started."""
        if self._leads:
            word = RunAborted if (self._job / "control" / "abort").exists() else RunPaused
            self._journal.append(word(self._step(), self._run))
            for wish in ("pause", "abort"):
                (self._job / "control" / wish).unlink(missing_ok=True)

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
        cause: RunFailed | None = None
        end_at: float | None = None
        monitor = Monitor()
        while running := [worker for worker in self._workers if worker.poll() is None]:
            now = time.monotonic()
            failed = self._own_failures()
            if end_at is None and failed:
                cause = self._killed_from_outside(failed)
                end_at = now + (0 if cause else GRACE_SECONDS)
            if end_at is None and (left := self._left()) is not None:
                cause, patience = left
                end_at = now + patience
            if end_at is not None and now >= end_at:
                self._kill(running)
            elif self._orders.hang_seconds and pulse.silent_for() > self._orders.hang_seconds:
                cause = self._hung(running)
            if self._leads and now - sampled >= SAMPLE_SECONDS:
                sampled = now
                self._sample(monitor, running)
            time.sleep(LOOK_SECONDS)
        return cause or self._last_look()

    def _killed_from_outside(self, failed: list[subprocess.Popen[bytes]]) -> RunFailed | None:
        """The word on behalf of the first worker that a signal has ended."""
        worker = next((worker for worker in failed if worker.returncode < 0), None)
        if worker is None:
            return None
        where = "" if self._meeting is None else f" on node {self._orders.place.rank}"
        index = self._first + self._workers.index(worker)
        return died(worker.returncode, self._oom.happened(), index, self._count, where)

    def _left(self) -> tuple[RunFailed | None, float] | None:
        """Whether another node has ended: why the run has failed then, and what its own workers are given to end."""
        farewell = self._meeting.farewell() if self._meeting is not None else None
        if farewell is None:
            return None
        if not self._leads:
            return None, LEAVE_SECONDS if farewell.well else GRACE_SECONDS if farewell.message else 0.0
        if not farewell.message:
            return _vanished(farewell.node, self._orders.place.count), 0.0
        return (None if self._spoken() else RunFailed(0, farewell.message, farewell.hint)), GRACE_SECONDS

    def _last_look(self) -> RunFailed | None:
        """Why the workers may have failed all at once: workers elsewhere are missed before their node is."""
        codes = [worker.returncode for worker in self._workers]
        left = self._left() if any(codes) else None
        return left[0] if left else self._killed_from_outside(self._own_failures())

    def _own_failures(self) -> list[subprocess.Popen[bytes]]:
        return [worker for worker in self._workers if worker.returncode and worker.pid not in self._killed]

    def _sample(self, monitor: Monitor, running: list[subprocess.Popen[bytes]]) -> None:
        (self._job / "alive").touch()
        with contextlib.suppress(OSError):
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
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()
        for worker in self._workers:
            worker.wait()
        for pump in self._pumps:
            pump.join(GRACE_SECONDS)

    def _spoken(self) -> bool:
        facts = (recorded.fact for recorded in read_facts(self._journal.path))
        return last_word(facts, self._run) is not None

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


def pump_log(stream: BinaryIO, path: Path, most: int = LOG_BYTES, piece: int = 65536) -> None:
    """Append what comes out of a pipe to a file that stays bounded; reads on even where it cannot write.

    Args:
        stream: The reading end of the pipe.
        path: The file.
        most: Bytes that it may become; a full one is renamed in place of the one before.
        piece: Most bytes that are read at a time.
    """
    while data := os.read(stream.fileno(), piece):
        with contextlib.suppress(OSError):
            if path.exists() and path.stat().st_size + len(data) > most:
                path.replace(path.with_suffix(".1.txt"))
            with open(path, "ab") as log:
                log.write(data)


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


def _is_due(job: Path, run: int) -> bool:
    """Whether the run that node 0 carries is still the one that this process was started for."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        return bool(json.loads((job / "run.json").read_bytes())["number"] == run)
    return False


def _meeting(path: Path, place: Place) -> Meeting | None:
    """How the other nodes are reached; None where there are none."""
    if place.count == 1:
        return None
    return Following(path, place.rank) if place.rank else Leading(path, place.count, place.host, place.port)


def _vanished(node: int, count: int) -> RunFailed:
    return RunFailed(
        0,
        f"Node {node} of {count} is gone: its processes were killed, or its machine or network is down.",
        "Resume the job on every node: it goes on from its last snapshot.",
        {"cause": "node-gone", "node": node},
    )


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
            ),
        )
    )
