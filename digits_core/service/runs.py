"""Runs of jobs: start one, adopt the one that lives, follow it, ask it to stop."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import filelock

from digits_core.contracts.backend import ProcessLayout
from digits_core.contracts.launcher import Handle, Launcher
from digits_core.disk import UNFINISHED, storage_errors
from digits_core.errors import Problem, RequestWrong, StateConflict
from digits_core.events.facts import RunAborted, RunStarted
from digits_core.events.journal import Recorded
from digits_core.scheduling.follow import follow, journal_end
from digits_core.scheduling.states import RESUMABLE, Standing, standing
from digits_core.service.summary import job_view
from digits_core.service.views import JobView
from digits_core.store.job import JobFolder, RunRequest

#: What a running worker is given to answer a request to abort before it is killed.
ABORT_PATIENCE_S = 20.0
LOCK_PATIENCE_S = 60.0


class Watcher(Protocol):
    """Is told what happens while a job runs, from the thread that called."""

    def started(self, job: JobView) -> None:
        """A run of ``job`` is about to be followed."""

    def recorded(self, item: Recorded) -> None:
        """A fact was written down."""

    def noted(self, message: str) -> None:
        """Something a person should know."""


class Nobody:
    """Watches nothing."""

    def started(self, job: JobView) -> None:
        """Ignore it."""

    def recorded(self, item: Recorded) -> None:
        """Ignore it."""

    def noted(self, message: str) -> None:
        """Ignore it."""


class Runs:
    """Starts and follows runs through one launcher.

    Args:
        launcher: What starts processes.
    """

    def __init__(self, launcher: Launcher) -> None:
        self.launcher = launcher

    def first(self, folder: JobFolder, backend: str, devices: tuple[str, ...], watcher: Watcher) -> JobView:
        """Start the first run and follow it to its end.

        Raises:
            RequestWrong: If the worker found the request wrong before its first step; the job is then deleted.
        """
        with locked(folder):
            cursor = journal_end(folder)
            handle = self._start(folder, watcher, RunRequest(number=1, backend=backend, devices=devices))
        view = self._follow(folder, handle, cursor, watcher)
        if view.error and view.error.exit_status == RequestWrong.exit_status and not (view.step or view.snapshots):
            remove(folder.path, "job")
            raise RequestWrong(Problem(view.error.message, hint=view.error.hint))
        return view

    def resume(self, folder: JobFolder, backend: str, devices: tuple[str, ...], watcher: Watcher) -> JobView:
        """Start the next run from the newest snapshot and follow it; a run that lives is adopted instead."""
        with locked(folder):
            cursor = journal_end(folder)
            stands = standing(folder, self.launcher)
            handle = folder.process()
            if not stands.active or handle is None:
                require_resumable(folder, stands)
                last = folder.run()
                number = (last.number if last else 0) + 1
                handle = self._start(folder, watcher, RunRequest(number=number, backend=backend, devices=devices))
                if stands.failure:
                    watcher.noted(f"The run before failed: {stands.failure.message} {stands.failure.hint}".rstrip())
            else:
                watcher.started(job_view(folder, self.launcher))
                watcher.noted(f"A worker of job {folder.id} is running; following it.")
        return self._follow(folder, handle, cursor, watcher)

    def watch(self, folder: JobFolder, watcher: Watcher) -> JobView:
        """Follow the run that lives, from now on; a job without one is only told."""
        cursor = journal_end(folder)
        handle = folder.process()
        view = job_view(folder, self.launcher)
        watcher.started(view)
        if handle is None or not self.launcher.alive(handle):
            return view
        return self._follow(folder, handle, cursor, watcher)

    def pause(self, folder: JobFolder) -> None:
        """Ask for a snapshot and a stop; returns at once.

        Raises:
            StateConflict: If nothing runs.
        """
        stands = standing(folder, self.launcher)
        if not stands.active:
            hint = f"See where it stands: digits job show {folder.id}."
            raise StateConflict(f"Job {folder.id} is {stands.state}, so it cannot be paused.", hint=hint)
        folder.ask("pause")

    def abort(self, folder: JobFolder, patience_s: float = ABORT_PATIENCE_S) -> None:
        """Stop for good; a worker that does not answer in time is killed.

        Raises:
            StateConflict: If the job has ended for good already.
        """
        with locked(folder):
            stands = standing(folder, self.launcher)
            if stands.state in ("done", "aborted"):
                hint = f"To remove it: digits job delete {folder.id}."
                raise StateConflict(f"Job {folder.id} is {stands.state} already.", hint=hint)
            handle = folder.process()
            if handle is not None and stands.active:
                folder.ask("abort")
                self._wait(handle, patience_s)
                self.launcher.stop(handle)
                self._wait(handle, patience_s)
                stands = standing(folder, self.launcher)
            if stands.state not in ("done", "aborted"):
                folder.journal.append(RunAborted(_step(stands)))
                folder.clear_asked()

    def interrupt(self, folder: JobFolder, *, at_once: bool) -> None:
        """Ask what runs, or is about to run, to pause; ``at_once`` ends it, and loses what is in no snapshot.

        Safe to call from a signal handler: it waits for nothing.
        """
        handle = folder.process()
        if at_once and handle is not None:
            self.launcher.stop(handle)
        else:
            folder.ask("pause")

    def _start(self, folder: JobFolder, watcher: Watcher, run: RunRequest) -> Handle:
        # In this order: who interrupts after it was told of the start is heard by the worker.
        folder.clear_asked()
        watcher.started(job_view(folder, self.launcher))
        # Without process.json the job is queued: nobody takes the process of the run before for this one.
        (folder.path / "process.json").unlink(missing_ok=True)
        folder.write_run(run)
        handle = self.launcher.start(folder.path, ProcessLayout(processes=((),)))
        folder.write_process(handle)
        return handle

    def _follow(self, folder: JobFolder, handle: Handle, cursor: int, watcher: Watcher) -> JobView:
        for item in follow(folder, handle, self.launcher, cursor=cursor):
            watcher.recorded(item)
        return job_view(folder, self.launcher)

    def _wait(self, handle: Handle, patience_s: float) -> None:
        end = time.monotonic() + patience_s
        while self.launcher.alive(handle) and time.monotonic() < end:
            time.sleep(0.05)


def require_resumable(folder: JobFolder, stands: Standing) -> None:
    """Refuse to resume a job that has ended for good.

    Raises:
        StateConflict: If it is done or aborted.
    """
    if stands.state in RESUMABLE:
        return
    hint = "Train a new job for more." if stands.state == "done" else "Start a new job."
    raise StateConflict(f"Job {folder.id} is {stands.state}, so there is nothing to resume.", hint=hint)


def remove(folder: Path, kind: str) -> None:
    """Delete the folder of a job or dataset; others see it whole or not at all."""
    with storage_errors(f"the deletion of {kind} {folder.name}"):
        gone = folder.with_name(f"{UNFINISHED}{folder.name}-{time.time_ns()}")
        folder.rename(gone)
        shutil.rmtree(gone)


@contextmanager
def locked(folder: JobFolder) -> Iterator[None]:
    """One process at a time starts or ends runs of a job.

    Raises:
        StateConflict: If another one does not let go.
    """
    lock = filelock.FileLock(folder.path / "lock", timeout=LOCK_PATIENCE_S)
    with storage_errors(f"the lock of job {folder.id}"):
        try:
            lock.acquire()
        except filelock.Timeout:
            message = f"Job {folder.id} is being started or stopped by another command."
            raise StateConflict(message, hint="Try again when that has ended.") from None
    try:
        yield
    finally:
        lock.release()


def _step(stands: Standing) -> int:
    steps = [item.fact.step for item in stands.facts if isinstance(item.fact, RunStarted)]
    return steps[-1] if steps else 0
