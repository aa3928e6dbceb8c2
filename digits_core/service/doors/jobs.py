"""Jobs that there are: see, watch, stop, rename, delete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from digits_core.errors import NameTaken, StateConflict
from digits_core.service.doors.door import Door
from digits_core.service.rate import Usual
from digits_core.service.watcher import Nobody, Watcher

if TYPE_CHECKING:
    from digits_core.service.background import Schedule
    from digits_core.service.listing import Known
    from digits_core.service.views.about import TrashedView
    from digits_core.service.views.jobs import JobView
    from digits_core.store.job import JobFolder


class Jobs(Door):
    """Jobs as they stand."""

    def jobs(self) -> tuple[JobView, ...]:
        """Every job, oldest first; damaged ones are left out."""
        from digits_core.service.listing import list_jobs

        return self._known.views(list_jobs(self.home, runs=self._runs))

    @cached_property
    def _known(self) -> Known:
        from digits_core.service.listing import Known

        return Known()

    def job(self, job: str) -> JobView:
        """The job as it stands.

        Raises:
            NameUnknown: If there is none of that id.
        """
        return self._runs.view(self._job(job))

    def log(self, job: str, *, last_bytes: int | None = None) -> str:
        """What the job's workers printed.

        Args:
            job: Id of the job.
            last_bytes: Whole lines from the end of no more bytes than these; None: all of it.
        """
        from digits_core.service.log import read_end

        path = self._job(job).log_path
        return read_end(path, last_bytes) if path.exists() else ""

    def usual(self, job: str) -> Usual:
        """The batch size of a job, and the rate that went with it."""
        spec = self._job(job).request().spec
        return Usual(spec.batch_size, spec.solver.rate)

    def job_request(self, job: str) -> dict[str, Any]:
        """What a job was asked, as plain data and with every default: what `train`, or another door, takes again.

        Raises:
            NameUnknown: If there is none of that id.
        """
        return self._job(job).whole_request().spec.model_dump(mode="json")

    def clone(self, job: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The request of a job with some keys changed, to be trained or submitted under a name of its own.

        It is what was asked for: where that named no version of the dataset, the newest is meant, which may be another
        than then; see `clone_notes`.
        """
        request = self._job(job).request().spec.model_dump(mode="json", exclude_unset=True)
        return {**request, "name": None, **changes}

    def clone_notes(self, job: str, request: Mapping[str, Any]) -> tuple[str, ...]:
        """What a person should know before a request is made that `clone` began: in what it is another than then.

        Args:
            job: The job that was cloned.
            request: What is asked for now.
        """
        from digits_core.service.pictures import version_note

        note = version_note(self.home, self._job(job).request(), str(request.get("dataset") or ""))
        return (note,) if note else ()

    def rename(self, job: str, name: str) -> JobView:
        """Give a job another name.

        Raises:
            NameUnknown: If there is no such job.
            NameTaken: If there is one of the new name.
            StateConflict: If it runs or waits.
        """
        folder = self._job(job)
        target = self.home.job_folder(name)
        for kind, place in (("job", target), ("model", self.home.model_folder(name))):
            if place.exists():
                raise NameTaken(f"A {kind} {name!r} exists already.", hint="Choose another name.")
        request = folder.request()
        self._require_closed(folder, "renamed")
        spec = request.spec.model_copy(update={"name": name})
        folder.write_request(request.model_copy(update={"id": name, "spec": spec}))
        self._runs.forget(name)
        folder.path.rename(target)
        return self.job(name)

    def watch(self, job: str, *, watcher: Watcher | None = None) -> JobView:
        """Follow a job until it ends; one that does not run is only told."""
        folder, watcher = self._job(job), watcher or Nobody()
        cursor = folder.journal.size()
        watcher.started(self.job(job))
        return self._runs.follow(folder, cursor, watcher)

    def watch_all(self, jobs: Sequence[str] = ()) -> Iterator[tuple[JobView, ...]]:
        """Several jobs, again and again, until each of them has ended; starts those whose turn it is.

        Args:
            jobs: Their ids; empty: every job that is not closed, and those that join later.

        Raises:
            NameUnknown: If there is none of an id.
        """
        return self._runs.rounds([self._job(job).id for job in dict.fromkeys(jobs)])

    def schedule(self) -> Schedule:
        """What starts jobs whose turn it is, for as long as it runs."""
        from digits_core.service.background import Schedule

        return Schedule(self.home, self._runs)

    def ensure_scheduler(self) -> int | None:
        """Start a scheduler in the background unless one runs; returns its process id where it was started now."""
        from digits_core.service.background import ensure_scheduler

        return ensure_scheduler(self.home)

    def holders(self) -> dict[str, str]:
        """Ids of devices that are held, and the job that holds each."""
        return self._runs.holders()

    def reindex(self) -> int:
        """Build the index of jobs anew from their folders; returns how many there are."""
        from digits_core.store.index import Index

        Index(self.home).delete()
        self._runs.look(wait=True)
        return len(self.home.job_ids())

    def pause(self, job: str) -> None:
        """Ask a running job to save a snapshot and stop; returns at once.

        Raises:
            NameUnknown: If there is no such job.
            StateConflict: If it does not run.
        """
        self._runs.stopping.pause(self._job(job))

    def interrupt(self, job: str, *, at_once: bool = False) -> None:
        """Ask a job that runs or is about to run to pause; waits for nothing, so that signal handlers may call it.

        Args:
            job: Id of the job.
            at_once: End its worker instead; what is in no snapshot is lost, and the job can be resumed.
        """
        if at_once and self._joining is not None:
            self._joining.stop()
        else:
            self._runs.stopping.interrupt(self._job(job), at_once=at_once)

    def abort(self, job: str) -> JobView:
        """Stop a job for good.

        Raises:
            NameUnknown: If there is no such job.
            StateConflict: If it is done or aborted already.
        """
        before = self.job(job)
        self._runs.stopping.abort(self._job(job))
        gone = job not in self.home.job_ids()
        return before.model_copy(update={"state": "aborted"}) if gone else self.job(job)

    def delete_job(self, job: str) -> None:
        """Delete a job with its snapshots.

        Raises:
            NameUnknown: If there is no such job.
            StateConflict: If it runs.
        """
        from digits_core.service.runs import remove

        folder = self._job(job)
        self._require_closed(folder, "deleted")
        remove(folder.path, "job")

    def discard_job(self, job: str) -> TrashedView:
        """Move a job with its snapshots into the trash, from which it can be restored.

        Raises:
            NameUnknown: If there is no such job.
            StateConflict: If it runs.
        """
        from digits_core.service.discarding import discard

        self._require_closed(self._job(job), "discarded")
        return discard(self.home, "job", job)

    def _require_closed(self, folder: JobFolder, what: str) -> None:
        from digits_core.scheduling.states import CLOSED

        stands = self._runs.settled(folder)
        if stands.state not in CLOSED or stands.alive:
            hint = f"Stop it first: digits job abort {folder.id}."
            raise StateConflict(f"Job {folder.id} is {stands.state}, so it cannot be {what}.", hint=hint)
        if needed := self._runs.needing(folder.id):
            hint = f"Wait for them, or stop them first: {', '.join(f'digits job abort {id}' for id in needed)}."
            raise StateConflict(f"Job {folder.id} cannot be {what}: {', '.join(needed)} need it.", hint=hint)
