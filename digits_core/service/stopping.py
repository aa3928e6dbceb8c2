"""Ending runs: for a while, for good, or at once."""

from __future__ import annotations

import contextlib
import time
from typing import Protocol

from digits_core.contracts.launcher import Launcher
from digits_core.errors import StateConflict
from digits_core.events.facts import RunAborted
from digits_core.scheduling.scheduler import last_step, turn
from digits_core.scheduling.states import CLOSED, MOVES, standing
from digits_core.service.locking import locked
from digits_core.store.home import Home
from digits_core.store.index import Index
from digits_core.store.job import JobFolder

#: What a running worker is given to answer a request to abort before it is killed.
ABORT_PATIENCE_S = 20.0
#: Seconds between two looks at a job that is to end.
POLL_S = 0.1


class Look(Protocol):
    """Takes a look at the queue of a home."""

    def __call__(self, *, wait: bool = False) -> bool:
        """Start what can be started; ``wait`` for another process that is looking."""


class Stopping:
    """Pauses and ends the jobs of one home.

    Args:
        home: Whose jobs.
        launcher: What has started their processes.
        look: What answers for jobs that wait for their turn.
    """

    def __init__(self, home: Home, launcher: Launcher, look: Look) -> None:
        self._home, self._launcher, self._look = home, launcher, look
        self._index = Index(home)

    def pause(self, folder: JobFolder) -> None:
        """Ask for a snapshot and a stop; returns at once.

        Raises:
            StateConflict: If it neither runs nor waits for its turn.
        """
        stands = standing(folder, self._launcher)
        if stands.state in CLOSED:
            hint = f"See where it stands: digits job show {folder.id}."
            raise StateConflict(f"Job {folder.id} is {stands.state}, so it cannot be paused.", hint=hint)
        folder.ask("pause")
        if stands.state == "queued":
            self._look(wait=True)

    def abort(self, folder: JobFolder, patience_s: float = ABORT_PATIENCE_S) -> None:
        """Stop for good; a worker that does not answer in time is killed.

        Raises:
            StateConflict: If the job has ended for good already.
        """
        with locked(folder):
            stands = standing(folder, self._launcher)
            if "aborted" not in MOVES[stands.state]:
                hint = f"To remove it: digits job delete {folder.id}."
                raise StateConflict(f"Job {folder.id} is {stands.state} already.", hint=hint)
            folder.ask("abort")
        if stands.state in CLOSED:
            self._abort_now(folder)
        elif stands.state == "queued":
            self._look(wait=True)
        end = time.monotonic() + patience_s
        # What its own command carries leaves no record.
        while folder.path.exists() and not standing(folder, self._launcher).at_rest and time.monotonic() < end:
            time.sleep(POLL_S)
        if not folder.path.exists():
            return
        self.stop(folder)
        if standing(folder, self._launcher).state not in ("done", "aborted"):
            with contextlib.suppress(FileNotFoundError):  # It has left in this moment.
                self._abort_now(folder)
        self._look(wait=True)

    def stop(self, folder: JobFolder, patience_s: float = ABORT_PATIENCE_S) -> None:
        """Kill the processes of a job, if there are any, and wait for their end."""
        handle, run = folder.process(), folder.run()
        if handle is None or (run is not None and run.attached):
            return
        self._launcher.stop(handle)
        end = time.monotonic() + patience_s
        while self._launcher.alive(handle) and time.monotonic() < end:
            time.sleep(0.02)

    def interrupt(self, folder: JobFolder, *, at_once: bool) -> None:
        """Ask what runs, or is about to run, to pause; ``at_once`` ends it, and loses what is in no snapshot.

        Safe to call from a signal handler: it waits for nothing.
        """
        handle = folder.process()
        if at_once and handle is not None:
            folder.ask("stop")
            self._launcher.stop(handle)
        else:
            folder.ask("pause")

    def _abort_now(self, folder: JobFolder) -> None:
        stands = standing(folder, self._launcher)
        with turn(self._home):
            self._index.reopen(folder.id)
            folder.journal.append(RunAborted(last_step(stands), stands.run.number if stands.run else 0))
            folder.clear_asked()
