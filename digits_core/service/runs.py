"""Runs of jobs: ask for one, wait for it and follow it."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from digits_core.contracts.launcher import Handle, Launcher
from digits_core.disk import UNFINISHED, storage_errors
from digits_core.errors import DigitsError, Problem, RequestWrong, StateConflict, StorageUnusable
from digits_core.events.follower import Follower
from digits_core.hooks.registry import Registry
from digits_core.scheduling.leases import held
from digits_core.scheduling.scheduler import Scheduler, Settle, next_ticket, requeue, turn
from digits_core.scheduling.states import CLOSED, RESUMABLE, Standing, standing
from digits_core.service.locking import locked
from digits_core.service.places import Places
from digits_core.service.rate_curve import rate_view
from digits_core.service.stopping import Stopping
from digits_core.service.summary import job_view, start_view, tracker_views
from digits_core.service.views.jobs import JobView
from digits_core.service.watcher import Watcher
from digits_core.store.home import Home
from digits_core.store.index import Index, Kept
from digits_core.store.job import JobFolder, TaskRequest

if TYPE_CHECKING:
    from digits_core.contracts.backend import Backend

#: What a process that has said its last word is given to end.
END_PATIENCE_S = 20.0
#: Seconds between two looks at a journal, and at the queue.
POLL_S, LOOK_S = 0.1, 0.5
#: Seconds between two rounds of several jobs.
ROUND_S = 1.0


class Runs:
    """Runs of the jobs of one home; whoever waits for one also starts others whose turn it is.

    Args:
        home: Whose jobs.
        launcher: What starts processes.
        backends: What jobs may be trained in.
        settle: What completes jobs whose dataset was being made.
    """

    def __init__(self, home: Home, launcher: Launcher, backends: Registry[Backend], settle: Settle) -> None:
        self.launcher = launcher
        self._home = home
        #: Which of them are open, and what the others came to.
        self.index = Index(home)
        self._scheduler = Scheduler(home, launcher, backends, settle)
        self._places = Places(self._scheduler)
        #: What pauses and ends them.
        self.stopping = Stopping(home, launcher, self.look)

    def first(self, folder: JobFolder, watcher: Watcher) -> JobView:
        """Wait for the first run of a new job and follow it to its end.

        Raises:
            RequestWrong: If the worker found the request wrong before its first step; the job is then deleted.
        """
        watcher.started(self.view(folder))
        view = self.follow(folder, 0, watcher)
        if view.error and view.error.exit_status == RequestWrong.exit_status and not (view.step or view.snapshots):
            remove(folder.path, "job")
            raise RequestWrong(Problem(view.error.message, hint=view.error.hint))
        return view

    def resume(self, folder: JobFolder, **changes: object) -> tuple[str, ...]:
        """Ask for the next run, which goes on from the newest snapshot; a job that waits or runs is left alone.

        Args:
            folder: The job.
            changes: Fields of the run that differ from those of the one before.

        Returns:
            What a person should know.

        Raises:
            StateConflict: If the job has ended for good.
        """
        with locked(folder):
            stands = self.settled(folder)
            if stands.state not in CLOSED:
                return (f"Job {folder.id} is {stands.state}; following it.",)
            require_resumable(folder, stands)
            assert stands.run is not None
            ticket = next_ticket(self._home)
            with turn(self._home):
                self.index.reopen(folder.id)
                requeue(folder, stands.run, ticket=ticket, **changes)
        if stands.failure is None:
            return ()
        return (f"The run before failed: {stands.failure.message} {stands.failure.hint}".rstrip(),)

    def follow(self, folder: JobFolder, cursor: int, watcher: Watcher) -> JobView:
        """Tell a watcher what happens until the job waits for nothing but a person."""
        follower = Follower(folder.journal.path, cursor)
        looked, told = float("-inf"), ""
        while True:
            if time.monotonic() - looked >= LOOK_S:
                self.look()
                looked = time.monotonic()
            open_still = self._alive(folder.process()) or not self._closed(folder)
            for item in follower.poll():
                watcher.recorded(item)
            if not open_still:
                return self.view(folder)
            if (waits := self._places.waits_for(folder)) and waits != told:
                watcher.noted(waits)
                told = waits
            time.sleep(POLL_S)

    def look(self, *, wait: bool = False) -> bool:
        """Start what can be started, put right what has ended; returns whether nothing is left to do."""
        look = self._scheduler.look(wait=wait)
        if look is None:
            return False
        self._keep(look.closed)
        return look.idle

    def views(self, ids: Sequence[str]) -> tuple[JobView, ...]:
        """Several jobs as they stand; damaged ones are left out."""
        found = []
        for id in ids:
            with contextlib.suppress(DigitsError, OSError):
                found.append(job_view(self._folder(id), self.launcher))
        return self._places.placed(found)

    def view(self, folder: JobFolder) -> JobView:
        """A job as it stands, with what it starts from and how its rate was found."""
        view = self._places.placed([job_view(folder, self.launcher)])[0]
        more = {"start": start_view(folder), "rate_curve": rate_view(folder), "trackers": tracker_views(folder)}
        return view.model_copy(update=more)

    def rounds(self, ids: Sequence[str] = (), every_s: float = ROUND_S) -> Iterator[tuple[JobView, ...]]:
        """Several jobs again and again, until each waits for nothing but a person; starts those whose turn it is.

        Args:
            ids: The jobs; empty: every one that is open, and those that join later.
            every_s: Seconds between two rounds.
        """
        views: dict[str, JobView] = {}
        while True:
            self.look()
            opened = [id for id in self.index.sync() if (not ids or id in ids) and self._open_still(id)]
            # One that has closed is told as it ended; one that is gone, as it was seen last.
            for id in dict.fromkeys((*ids, *views, *opened)):
                if id in opened or id not in views or views[id].state not in CLOSED:
                    with contextlib.suppress(DigitsError, OSError):
                        views[id] = job_view(self._folder(id), self.launcher)
            yield self._places.placed(tuple(views.values()))
            if not opened:
                return
            time.sleep(every_s)

    def making(self, dataset: str) -> TaskRequest | None:
        """The job that is making a dataset, or is about to; None where there is none."""
        for id in self.index.sync():
            with contextlib.suppress(DigitsError):
                folder = self._folder(id)
                request = folder.whole_request()
                if not isinstance(request, TaskRequest) or request.kind != "dataset":
                    continue
                if request.subject.dataset == dataset and not self._closed(folder):
                    return request
        return None

    def needing(self, job: str) -> tuple[str, ...]:
        """Open jobs that use a model of ``job``."""
        found = []
        for id in self.index.sync():
            with contextlib.suppress(DigitsError):
                request = self._folder(id).whole_request()
                uses = isinstance(request, TaskRequest) and request.subject.model.partition("@")[0] == job
                if uses and not self._closed(self._folder(id)):
                    found.append(id)
        return tuple(found)

    def holders(self) -> dict[str, str]:
        """Ids of devices that are held, and the job that holds each."""
        return held(self._scheduler.stands())

    def forget(self, id: str) -> None:
        """What the index knows of a job is no longer so."""
        self.index.reopen(id)

    def settled(self, folder: JobFolder) -> Standing:
        """Where a job stands once a process that has said its last word has ended."""
        end = time.monotonic() + END_PATIENCE_S
        stands = standing(folder, self.launcher)
        while stands.state in CLOSED and stands.alive and time.monotonic() < end:
            time.sleep(0.02)
            stands = standing(folder, self.launcher)
        return stands

    def _keep(self, ids: Sequence[str]) -> None:
        """Let the index know what jobs came to; under the lock under which others let them go on."""
        if not ids:
            return
        with turn(self._home):
            closed = []
            for id in ids:
                with contextlib.suppress(DigitsError):
                    folder = self._folder(id)
                    if self._closed(folder):
                        view = job_view(folder, self.launcher)
                        closed.append(Kept(view.created, id, view.to_json()))
            with contextlib.suppress(StorageUnusable):  # It is a cache: they stay open until there is room.
                self.index.close(closed)

    def _alive(self, handle: Handle | None) -> bool:
        return handle is not None and self.launcher.alive(handle)

    def _closed(self, folder: JobFolder) -> bool:
        return standing(folder, self.launcher).at_rest

    def _open_still(self, id: str) -> bool:
        with contextlib.suppress(DigitsError, OSError):
            return not self._closed(self._folder(id))
        return False

    def _folder(self, id: str) -> JobFolder:
        return JobFolder(self._home.job_folder(id))


def require_resumable(folder: JobFolder, stands: Standing) -> None:
    """Refuse to resume a job that has ended for good.

    Raises:
        StateConflict: If it is done or aborted.
    """
    if stands.state in RESUMABLE:
        return
    hint = "Train a new job for more." if stands.state == "done" else "Start a new job."
    raise StateConflict(f"Job {folder.id} is {stands.state}, so there is nothing to resume.", hint=hint)


def require_done(view: JobView) -> None:
    """Refuse to tell what is not known yet.

    Raises:
        StateConflict: If the job is not done.
    """
    if view.state != "done":
        raise StateConflict(f"Job {view.job} is {view.state}, and has found nothing yet.", hint="Wait for it.")


def remove(folder: Path, kind: str) -> None:
    """Delete the folder of a job or dataset; others see it whole or not at all."""
    with storage_errors(f"the deletion of {kind} {folder.name}"):
        gone = folder.with_name(f"{UNFINISHED}{folder.name}-{time.time_ns()}")
        folder.rename(gone)
        shutil.rmtree(gone)
