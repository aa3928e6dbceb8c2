"""Who runs next: one look at all open jobs, taken in turns by every process that waits for one.

::

    look ─ lock ─┬─ runs whose process is gone without a word   → a last word; once more, where retries are left
                 ├─ runs that nobody took up                    → back into the queue
                 └─ queued jobs, by priority and ticket         → devices, a process;  or devices kept free for it

Nothing is remembered between looks, so that any process may take any of them, and may die at any moment. First come,
first served: devices that a waiting job needs are kept free for it, so that one which wants several is not starved by
later ones which want one.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import filelock

from digits_core.contracts.launcher import Handle, Launcher
from digits_core.disk import make_folder, storage_errors
from digits_core.errors import DigitsError, StateConflict
from digits_core.events.facts import Noted, RunAborted, RunFailed, RunPaused, RunStarted, TrainingLogged
from digits_core.hooks.registry import Registry
from digits_core.scheduling.deaths import died
from digits_core.scheduling.queue import Turn, turns
from digits_core.scheduling.requests import Processes
from digits_core.scheduling.states import CLOSED, Standing, standing
from digits_core.store.home import Home
from digits_core.store.index import Index
from digits_core.store.job import JobFolder, RunRequest

if TYPE_CHECKING:
    from digits_core.contracts.backend import Backend

#: (the job that waits, its run, whether the job that it waits for is at work still)
Settle: TypeAlias = Callable[[JobFolder, RunRequest, bool], None]

LOCK_PATIENCE_S = 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a home found and did.

    Attributes:
        stands: Where every job stands that is not closed.
        started: Jobs that were started now.
        closed: Jobs that were open until now and are no longer.
    """

    stands: Mapping[str, Standing]
    started: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self.stands


class Scheduler:
    """Starts the jobs of one home.

    Args:
        home: Whose jobs.
        launcher: What starts processes.
        backends: What jobs may be trained in; says which kinds of devices each drives.
        settle: Is given a queued job whose dataset is being made, and the job that makes it, at every look; where that
            one has ended it completes the request, or says in the journal why it cannot.
    """

    def __init__(self, home: Home, launcher: Launcher, backends: Registry[Backend], settle: Settle) -> None:
        self._home, self._launcher, self._backends = home, launcher, backends
        self._settle = settle
        self._index = Index(home)
        self._warned: set[str] = set()

    def look(self, *, wait: bool = True) -> Look | None:
        """Put right what has ended, and start what can be started.

        Args:
            wait: Wait for another process that is looking; else None comes back, as that one does the work.
        """
        if not (self._home.path / "jobs").is_dir():
            return Look({})
        with turn(self._home, LOCK_PATIENCE_S if wait else 0) as mine:
            return self._look() if mine else None

    def stands(self) -> dict[str, Standing]:
        """Where every job stands that is not closed; changes nothing."""
        found = {}
        for id in self._index.sync():
            with contextlib.suppress(DigitsError, OSError):
                stand = standing(self._folder(id), self._launcher)
                if stand.state not in CLOSED or stand.alive:
                    found[id] = stand
        return found

    def queue(self) -> tuple[Turn, ...]:
        """The turns of all jobs that wait, the next one first; changes nothing."""
        return tuple(turns(self.stands(), self._kinds))

    def _look(self) -> Look:
        stands: dict[str, Standing] = {}
        closed: list[str] = []
        for id in self._index.sync():
            try:
                stand = self._put_right(self._folder(id))
            except (DigitsError, OSError) as reason:
                self._warn(f"Job {id} cannot be looked at: {reason}")
                continue
            if stand.state in CLOSED and not stand.alive:
                closed.append(id)
            else:
                stands[id] = stand
        started = self._start_what_fits(stands)
        return Look(stands, started, tuple(closed))

    def _warn(self, message: str) -> None:
        """Once, however often it is seen."""
        if message not in self._warned:
            self._warned.add(message)
            _log.warning(message)

    def _put_right(self, folder: JobFolder) -> Standing:
        stand = standing(folder, self._launcher)
        run = stand.run
        if run is None:
            return stand
        if stand.silent and "stop" in folder.asked():
            folder.journal.append(RunPaused(last_step(stand), run.number))
            folder.clear_asked()
            stand = standing(folder, self._launcher)
        elif stand.silent:
            cause = died(_exit_code(self._launcher, folder.process()))
            folder.journal.append(RunFailed(last_step(stand), cause.message, cause.hint, cause.details, run.number))
            stand = standing(folder, self._launcher)
        if stand.state == "queued" and (wish := _wish(folder)):
            folder.journal.append(wish(last_step(stand), run.number))
            folder.clear_asked()
        elif stand.state == "queued" and run.awaits:
            self._settle(folder, run, self._at_work(run.awaits))
        elif stand.retries and not stand.alive:
            folder.journal.append(Noted(f"Run {run.number} failed; {run.retries} more may be tried."))
            requeue(folder, run, retries=run.retries - 1)
        elif stand.state == "starting" and not stand.alive:
            # Its scheduler died between the two: a process that comes up late finds another number, and ends.
            requeue(folder, run, retries=run.retries)
        else:
            return stand
        return standing(folder, self._launcher)

    def _at_work(self, id: str) -> bool:
        """Whether a job waits, runs or goes on by itself."""
        if id not in self._home.job_ids():
            return False
        stand = standing(self._folder(id), self._launcher)
        return stand.state not in CLOSED or stand.silent or stand.retries

    def _start_what_fits(self, stands: dict[str, Standing]) -> tuple[str, ...]:
        started = []
        for turn in turns(stands, self._kinds):
            if turn.trouble:
                _log.warning("Job %s waits for %s: %s", turn.id, turn.run.wanted, turn.trouble)
            if turn.processes and self._start(self._folder(turn.id), turn.run, turn.processes):
                started.append(turn.id)
                stands[turn.id] = standing(self._folder(turn.id), self._launcher)
        return tuple(started)

    def _kinds(self, backend: str) -> tuple[str, ...]:
        return device_kinds(self._backends, backend)

    def _start(self, folder: JobFolder, run: RunRequest, processes: Processes) -> bool:
        """Give a job its devices, then a process: in this order whoever looks next knows that they are taken."""
        given = run.model_copy(update={"processes": processes})
        try:
            folder.write_run(given)
            folder.write_process(self._launcher.start(folder.path, given.number))
        except DigitsError as reason:
            with contextlib.suppress(DigitsError):
                folder.journal.append(RunFailed(0, str(reason), reason.hint, {}, given.number))
            return False
        return True

    def _folder(self, id: str) -> JobFolder:
        return JobFolder(self._home.job_folder(id))


def device_kinds(backends: Registry[Backend], backend: str) -> tuple[str, ...]:
    """Kinds of devices that a backend drives, as its plugin declares them."""
    return backends.entry(backend).entry.devices


def requeue(folder: JobFolder, run: RunRequest, **changes: object) -> RunRequest:
    """Ask for the next run of a job, in its old place in the queue unless ``changes`` say otherwise.

    Args:
        folder: The job.
        run: Its last run.
        changes: Fields of the next one that differ.
    """
    following = run.model_copy(update={"number": run.number + 1, "processes": (), **changes})
    folder.clear_asked()
    folder.write_run(following)
    return following


def next_ticket(home: Home) -> int:
    """A place in the queue behind everybody else's; no clock is asked."""
    path = home.path / "ticket"
    with turn(home):
        last = int(path.read_text(encoding="ascii")) if path.exists() else _highest(home)
        path.write_text(str(last + 1), encoding="ascii")
    return last + 1


def _highest(home: Home) -> int:
    highest = 0
    for id in home.job_ids():
        with contextlib.suppress(DigitsError):
            run = JobFolder(home.job_folder(id)).run()
            highest = max(highest, run.ticket if run else 0)
    return highest


@contextmanager
def turn(home: Home, patience_s: float = LOCK_PATIENCE_S) -> Iterator[bool]:
    """Whether it is this process's turn; the system takes the lock from a process that dies."""
    with storage_errors("the lock of the scheduler"):
        make_folder(home.path)
        lock = filelock.FileLock(home.path / "scheduler.lock", timeout=patience_s)
        try:
            lock.acquire()
        except filelock.Timeout:
            if patience_s:
                message = "Another digits process has been looking at the queue for a minute."
                raise StateConflict(message, hint="End it, or wait for it.") from None
            yield False
            return
    try:
        yield True
    finally:
        lock.release()


def _exit_code(launcher: Launcher, handle: Handle | None) -> int | None:
    return launcher.exit_code(handle) if handle and handle.host in ("", os.uname().nodename) else None


def _wish(folder: JobFolder) -> type[RunAborted | RunPaused] | None:
    """What a person wants of a job that waits, as the last word that it leaves."""
    asked = folder.asked()
    return RunAborted if "abort" in asked else RunPaused if "pause" in asked else None


def last_step(stand: Standing) -> int:
    """Steps that were done, as far as anybody wrote them down."""
    facts = (recorded.fact for recorded in reversed(stand.facts))
    return next((fact.step for fact in facts if isinstance(fact, (RunStarted, TrainingLogged))), 0)
