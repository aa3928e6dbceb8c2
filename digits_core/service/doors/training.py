"""New jobs, and jobs that go on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from digits_core.dataset.progress import Progress, Silence
from digits_core.errors import StateConflict
from digits_core.scheduling.nodes import ALONE, Place, find_place
from digits_core.service.doors.jobs import Jobs
from digits_core.service.rate import GIVEN, RateWish, require_dataset, settle_rate
from digits_core.service.watcher import Nobody, Watcher

if TYPE_CHECKING:
    from digits_core.service.capacity import Placement
    from digits_core.service.resolve import ResolvedJob
    from digits_core.service.views.jobs import JobView, RateView
    from digits_core.service.views.plan import PlanView
    from digits_core.spec.job import JobSpec
    from digits_core.store.job import JobFolder


class SettledJob(NamedTuple):
    """A job that can be made, with a number for everything that was to be found out.

    Attributes:
        resolved: The job.
        curve: How its learning rate was found, if it was.
        notes: What its journal is to begin with.
    """

    resolved: ResolvedJob
    curve: RateView | None
    notes: tuple[str, ...]


class Training(Jobs):
    """What makes a job run."""

    def place(self, nodes: str | None = None, rank: int | None = None, coordinator: str | None = None) -> Place:
        """Which of several machines this one is, from words and the environment; see `scheduling.nodes.find_place`.

        Raises:
            SpecInvalid: With everything that is wrong.
        """
        return find_place(nodes, rank, coordinator, os.environ) or ALONE

    def train(
        self,
        request: JobSpec | Mapping[str, Any],
        *,
        watcher: Watcher | None = None,
        where: str = "",
        place: Place = ALONE,
        rate: RateWish = GIVEN,
    ) -> JobView:
        """Make a job, wait for its turn, train, and return when its first run has ended.

        Args:
            request: What is asked for.
            watcher: Is told what happens.
            where: Where the request is from, for errors.
            place: Which of several machines this one is, each with the same request; the first makes the job.
            rate: Whether the learning rate is as it is given, scaled to the batch, or found.

        Raises:
            RequestWrong: With everything that is wrong; no job is made.
            JobFailed: If this is not the first of several machines, and that one is gone; or if no rate was found.
        """
        watcher = watcher or Nobody()
        if place.rank == 0:
            return self._runs.first(self._submitted(request, where, watcher, place, rate), watcher)
        id = self._resolved(request, where, place).request.id
        if state := self._closed(id):
            hint = "Choose another name, and start it on every node."
            raise StateConflict(f"Job {id} is {state} already, so node {place.rank} cannot join it.", hint=hint)
        return self._join(id, place, watcher)

    def submit(
        self,
        request: JobSpec | Mapping[str, Any],
        *,
        watcher: Watcher | None = None,
        where: str = "",
        rate: RateWish = GIVEN,
    ) -> JobView:
        """Make a job and let it wait for its turn; a scheduler has to run for it to come, see `ensure_scheduler`.

        Args:
            request: What is asked for.
            watcher: Is told what happens until then.
            where: Where the request is from, for errors.
            rate: Whether the learning rate is as it is given, scaled to the batch, or found.

        Raises:
            RequestWrong: With everything that is wrong; no job is made.
            JobFailed: If no rate was found.
        """
        return self._runs.view(self._submitted(request, where, watcher or Nobody(), rate=rate))

    def submit_several(
        self,
        request: JobSpec | Mapping[str, Any],
        *,
        rates: Sequence[float] = (),
        batches: Sequence[int] = (),
        watcher: Watcher | None = None,
        where: str = "",
    ) -> tuple[JobView, ...]:
        """Submit a job for each combination of learning rates and batch sizes; all of them or none.

        Args:
            request: What is asked for; the name of each job is told by what differs, as in ``NAME-lr0.01-b32``.
            rates: Base learning rates; empty: that of the request.
            batches: Batch sizes; empty: that of the request.
            watcher: Is told what happens until they are made.
            where: Where the request is from, for errors.

        Raises:
            RequestWrong: With everything that is wrong with any of them; no job is made.
        """
        from digits_core.service.planning import several

        watcher = watcher or Nobody()
        requests = several(request, rates, batches, self.home, lambda one: self._resolved(one, where, ALONE))
        settled = [self._settled(resolved, watcher, ALONE, GIVEN) for resolved in requests]
        return tuple(self._runs.view(self._created(job)) for job in settled)

    def plan_job(self, request: JobSpec | Mapping[str, Any], *, ask: bool = True) -> PlanView:
        """What would come of a request, and everything that is wrong with it; makes nothing, and refuses nothing.

        Args:
            request: What may be asked for, as far as it is known.
            ask: Whether a backend that nobody has asked is asked whether it can do it, which takes seconds.
        """
        from digits_core.service.capacity import find_placement
        from digits_core.service.planning import plan

        return plan(
            request,
            resolve=lambda one: self._resolved(one, "", ALONE),
            claims=lambda name: self._claims.view(name, ask=ask),
            place=lambda spec, backend: find_placement(spec.devices, backend, self.plugins.backends),
        )

    def find_rate(
        self,
        request: JobSpec | Mapping[str, Any],
        *,
        on: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> RateView:
        """A learning rate for a job that may be made, by training for a moment with rates that rise from step to step.

        Args:
            request: What would be asked for; nothing is made.
            on: Ids of the devices of the process that trains; none: such as the job would be given.
            progress: Is told that it goes on; raising from it ends the search.

        Raises:
            RequestWrong: With everything that is wrong.
            CapabilityMissing: If the backend refuses the job, or memory does not suffice.
            JobFailed: If the loss falls at no rate.
        """
        from digits_core.service.rate_search import find, placed_on

        progress, resolved = progress or Silence(), self._resolved(request, "", ALONE)
        require_dataset(resolved)
        progress.start(0, "Training for a moment with rates that rise")
        resolved, placement, _ = self._sized(resolved, Nobody(), 1)
        return find(resolved, self.home, placed_on(placement, on), lambda: progress.advance(0))

    def submit_rate_search(self, request: JobSpec | Mapping[str, Any]) -> JobView:
        """Let a job do what `find_rate` does, on one device such as the job would have; `result` tells what it found.

        Args:
            request: What would be asked for.

        Raises:
            RequestWrong: With everything that is wrong; no job is made.
        """
        from digits_core.service.capacity import find_placement
        from digits_core.service.tasks import submit_task
        from digits_core.spec.task import RateSearchSpec

        resolved = self._resolved(request, "", ALONE)
        require_dataset(resolved)
        backend = resolved.request.backend
        # The name is free for whoever makes the job.
        spec = resolved.request.spec.model_copy(update={"name": None, "backend": backend})
        placement = find_placement(spec.devices, backend, self.plugins.backends)
        wanted = spec.devices if placement.processes == 1 else placement.kind
        search = RateSearchSpec(job=spec)
        return self._runs.view(submit_task(self.home, self._runs, "rate", search, backend=backend, wanted=wanted))

    def resume(
        self,
        job: str,
        *,
        backend: str | None = None,
        devices: str | None = None,
        watcher: Watcher | None = None,
        detach: bool = False,
        place: Place = ALONE,
    ) -> JobView:
        """Go on from the newest snapshot, or follow the run that there is.

        Args:
            job: Id of the job.
            backend: Another backend to go on with; empty: that of the run before.
            devices: Other devices to go on with; empty: as before.
            watcher: Is told what happens.
            detach: Return at once; a scheduler has to run, see `ensure_scheduler`.
            place: Which of several machines this one is; the first decides backend and devices.

        Raises:
            NameUnknown: If there is no such job, backend or solver.
            CapabilityMissing: If the solver of a plugin has no rule for the backend, its network is native to another,
                or the backend does not claim what the job needs, such as several devices.
            StateConflict: If it is done or aborted, or runs in another backend.
            DatasetUnusable: If its dataset is gone, damaged or another one.
        """
        from digits_core.hooks.solvers import known_solver, require_rule
        from digits_core.scheduling.states import CLOSED, RESUMABLE, standing
        from digits_core.service.choices import check_devices, choose_backend
        from digits_core.service.native import require_own_backend
        from digits_core.service.pictures import require_same_dataset
        from digits_core.spec.trackers import chosen_trackers
        from digits_core.store.job import TaskRequest
        from digits_core.store.settings import read_settings

        folder, watcher = self._job(job), watcher or Nobody()
        if place.rank:
            return self._join(job, place, watcher, after=self._last_number(folder))
        if isinstance(folder.whole_request(), TaskRequest):
            return self._resume_task(folder, backend or devices, watcher, detach=detach)
        request, last, cursor = folder.request(), folder.run(), folder.journal.size()
        before, stands = last.backend if last else request.backend, standing(folder, self._runs.launcher)
        if stands.state not in CLOSED and backend not in (None, "auto", before):
            hint = f"Pause it first: digits job pause {job}."
            raise StateConflict(f"Job {job} runs in backend {before}, so it cannot change to {backend}.", hint=hint)
        complete = not (last and last.awaits)
        if stands.state in RESUMABLE and complete:
            require_same_dataset(self.home, request)
        chosen = choose_backend(backend or before, self.plugins.backends, read_settings(self.home).interpreters)
        if complete:
            require_own_backend(folder.graph(), chosen)
        wanted = devices or (last.wanted if last else request.spec.devices)
        check_devices(wanted, chosen, self.plugins.backends)
        require_rule(known_solver(request.spec.solver, self.plugins.solvers), chosen)
        if complete and (chosen != before or devices):
            self._require_claimed(folder, chosen, wanted, place)
        notes = self._runs.resume(
            folder,
            backend=chosen,
            wanted=wanted,
            retries=request.spec.retries,
            trackers=chosen_trackers(request.spec.track, read_settings(self.home).trackers),
            **_machines(place),
        )
        if last and last.nodes != place.count:
            notes += (f"The run before was on {last.nodes} nodes, this one is on {place.count}.",)
        if not detach:
            watcher.started(self.job(job))
        for note in notes:
            watcher.noted(note)
        return self.job(job) if detach else self._runs.follow(folder, cursor, watcher)

    def _require_claimed(self, folder: JobFolder, backend: str, devices: str, place: Place) -> None:
        """Refuse to go on in a backend, or on devices, with which a new job would be refused as well."""
        from digits_core.service.capacity import find_placement
        from digits_core.service.claimed import require_claimed

        processes = find_placement(devices, backend, self.plugins.backends, nodes=place.count).total
        # To ask takes seconds, and one process refuses what it cannot do as soon as it has started.
        offered = self._claims.view(backend, ask=processes > 1)
        require_claimed(offered, folder.request().spec, folder.graph(), processes)

    def _join(self, job: str, place: Place, watcher: Watcher, after: int = 0) -> JobView:
        """Carry this machine's share of a job that another one leads."""
        from digits_core.service.joining import Joining
        from digits_core.store.job import JobFolder

        self._joining = Joining(JobFolder(self.home.job_folder(job)), place, self.plugins.backends)
        return self._joining.carry(watcher, after=after)

    def _resume_task(self, folder: JobFolder, changed: str | None, watcher: Watcher, *, detach: bool) -> JobView:
        """Begin anew what a job that trains nothing was asked for, or follow it."""
        if changed:
            hint = f"Leave out {changed}, or ask for it anew."
            raise StateConflict(f"Job {folder.id} trains nothing, so it goes on as it was asked for.", hint=hint)
        cursor = folder.journal.size()
        notes = self._runs.resume(folder, attached=False)
        if not detach:
            watcher.started(self.job(folder.id))
        for note in notes:
            watcher.noted(note)
        return self.job(folder.id) if detach else self._runs.follow(folder, cursor, watcher)

    def _closed(self, job: str) -> str:
        """The state of a job that waits for nothing but a person; empty for any other, and where there is none."""
        from digits_core.scheduling.states import CLOSED

        state = self.job(job).state if job in self.home.job_ids() else ""
        return state if state in CLOSED else ""

    def _last_number(self, folder: JobFolder) -> int:
        """Number of a run that has ended, so that the next one is meant; 0 while there is one to join."""
        from digits_core.scheduling.states import CLOSED, standing
        from digits_core.service.runs import require_resumable

        stands = standing(folder, self._runs.launcher)
        if stands.state not in CLOSED:
            return 0
        require_resumable(folder, stands)
        return stands.run.number if stands.run else 0

    def _resolved(self, request: JobSpec | Mapping[str, Any], where: str, place: Place) -> ResolvedJob:
        from digits_core.service.resolve import resolve_job

        making = self._runs.making
        return resolve_job(request, self.home, self.plugins, where, making, place, runs_code=self._runs_code)

    def _submitted(
        self,
        request: JobSpec | Mapping[str, Any],
        where: str,
        watcher: Watcher,
        place: Place = ALONE,
        rate: RateWish = GIVEN,
    ) -> JobFolder:
        return self._created(self._settled(self._resolved(request, where, place), watcher, place, rate), place)

    def _settled(self, resolved: ResolvedJob, watcher: Watcher, place: Place, rate: RateWish) -> SettledJob:
        """The job with a number for everything that was to be found out."""
        placement, found = None, ""
        if not resolved.awaits:
            resolved, placement, found = self._sized(resolved, watcher, place.count)
        resolved, curve, chosen = settle_rate(resolved, self.home, placement, rate, watcher.noted)
        return SettledJob(resolved, curve, tuple(filter(None, (found, chosen, *resolved.notes))))

    def _created(self, settled: SettledJob, place: Place = ALONE) -> JobFolder:
        """The folder of a job that waits for its turn."""
        from digits_core.events.facts import Noted
        from digits_core.scheduling.scheduler import next_ticket
        from digits_core.service.rate_curve import keep_curve
        from digits_core.spec.trackers import chosen_trackers
        from digits_core.store.job import JobFolder, RunRequest
        from digits_core.store.settings import read_settings

        resolved = settled.resolved
        spec = resolved.request.spec
        run = RunRequest(
            backend=resolved.request.backend,
            wanted=spec.devices,
            priority=spec.priority,
            ticket=next_ticket(self.home),
            retries=spec.retries,
            awaits=resolved.awaits,
            trackers=chosen_trackers(spec.track, read_settings(self.home).trackers),
            **_machines(place),
        )
        self._runs.forget(resolved.request.id)
        graph = None if resolved.awaits else resolved.graph
        folder = JobFolder.create(self.home, resolved.request, graph, run, resolved.start)
        for note in settled.notes:
            folder.journal.append(Noted(note))
        if settled.curve:
            keep_curve(folder, settled.curve)
        return folder

    def _sized(self, resolved: ResolvedJob, watcher: Watcher, nodes: int) -> tuple[ResolvedJob, Placement, str]:
        """A job whose batch size is a number, where it would run, and what was found; tells what memory it takes."""
        from digits_core.service.capacity import find_placement, memory_note

        spec, backend, found = resolved.request.spec, resolved.request.backend, ""
        busy = self.holders() if spec.batch == "auto" else {}
        placement = find_placement(spec.devices, backend, self.plugins.backends, busy, nodes)
        if spec.batch == "auto":
            # Imported where it is needed: nothing else here knows how training is done.
            from digits_core.service.batch import settle_batch

            watcher.noted("Looking for a batch size (--batch auto) …")
            resolved, found = settle_batch(resolved, self.home, placement)
        watcher.noted(memory_note(resolved.request.spec, resolved.graph, placement))
        return resolved, placement, found


def _machines(place: Place) -> dict[str, Any]:
    """What a run says about the machines that carry it."""
    if place.count == 1:
        return {"nodes": 1, "coordinator": "", "host": ""}
    return {"nodes": place.count, "coordinator": place.coordinator, "host": os.uname().nodename}
