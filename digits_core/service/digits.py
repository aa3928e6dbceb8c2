"""`Digits`: the one object behind command line, web page and notebook.

>>> from pathlib import Path
>>> Digits(Path("/nowhere")).jobs()
()
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from PIL.Image import Image

from digits_core.dataset.explore import contact_sheet
from digits_core.dataset.manifest import DatasetManifest, read_manifest
from digits_core.dataset.opened import Dataset, open_dataset
from digits_core.dataset.progress import Progress
from digits_core.errors import DigitsError, JobFailed, NameTaken, NameUnknown, SpecInvalid, StateConflict, suggest
from digits_core.events.facts import Noted
from digits_core.graph.customize import customize
from digits_core.graph.draw import draw
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.schema import network_schema
from digits_core.hooks.registry import Plugins, discover
from digits_core.hooks.solvers import known_solver, require_rule
from digits_core.parity.certificate import Certificate
from digits_core.scheduling.nodes import ALONE, Place, find_place
from digits_core.scheduling.scheduler import next_ticket
from digits_core.scheduling.states import CLOSED, RESUMABLE, standing
from digits_core.service import doctor
from digits_core.service.background import Schedule, ensure_scheduler
from digits_core.service.capacity import Placement, find_placement, memory_note
from digits_core.service.classification import classify_pictures
from digits_core.service.devices import device_views
from digits_core.service.evaluation import evaluation_view, submit_evaluation
from digits_core.service.importing import import_model
from digits_core.service.joining import Joining
from digits_core.service.listing import list_jobs
from digits_core.service.models import list_models, model_view
from digits_core.service.native import require_own_backend
from digits_core.service.networks import (
    build_network,
    choose_family,
    family_view,
    import_network,
    is_file,
    network_view,
)
from digits_core.service.parity import certify
from digits_core.service.rate import GIVEN, RateWish, Usual, settle_rate
from digits_core.service.rate_curve import keep_curve
from digits_core.service.resolve import (
    ResolvedJob,
    check_devices,
    choose_backend,
    find_dataset,
    require_same_dataset,
    resolve_dataset,
    resolve_job,
)
from digits_core.service.runs import Nobody, Runs, Watcher, remove, require_resumable
from digits_core.service.tasks import create_attached, settler, submit_creation
from digits_core.service.views import (
    ClassificationView,
    DeviceView,
    DoctorView,
    ErrorView,
    EvaluationView,
    FamilyView,
    ImportedNetworkView,
    JobView,
    ModelView,
    NetworkView,
    PluginsView,
)
from digits_core.spec.dataset import DatasetSpec, Split
from digits_core.spec.imported import ModelSpec
from digits_core.spec.job import DataOptions, JobSpec
from digits_core.spec.parity import ParitySpec
from digits_core.store.home import Home
from digits_core.store.index import Index
from digits_core.store.job import JobFolder, RunRequest, TaskRequest
from digits_core.store.models import ModelFolder
from digits_core.store.settings import read_settings


class Digits:
    """Everything DIGITS does, on the datasets and jobs of one home.

    Args:
        home: The folder with datasets and jobs; empty: ``$DIGITS_HOME``, else the platform's folder for user data.
        launcher: Name of the launcher that starts jobs.
        runs_code: Whether new jobs may have a Python file for a network. It is run as whoever runs this, so nothing
            that takes requests from others allows it.
    """

    def __init__(self, home: Path | None = None, launcher: str = "local", *, runs_code: bool = False) -> None:
        self._runs_code = runs_code
        self.home = Home(home.expanduser().absolute()) if home else Home.default()
        self._launcher_name = launcher
        self._joining: Joining | None = None

    @cached_property
    def plugins(self) -> Plugins:
        """What plugins bring; none of it is imported before it is used."""
        return discover()

    @cached_property
    def _runs(self) -> Runs:
        launcher = self.plugins.launchers.get(self._launcher_name)()
        return Runs(self.home, launcher, self.plugins.backends, settler(self.home, self.plugins))

    # Datasets

    def create_dataset(
        self, request: DatasetSpec | Mapping[str, Any], *, progress: Progress | None = None, where: str = ""
    ) -> DatasetManifest:
        """Make a dataset from pictures; it appears complete or not at all.

        Args:
            request: What is asked for.
            progress: Is told how far it is; raising from it stops the work and leaves nothing.
            where: Where the request is from, for errors.

        Raises:
            RequestWrong: With everything that is wrong.
        """
        spec = resolve_dataset(request, self.home, self.plugins, where)
        return create_attached(self.home, self._runs, spec, self.plugins.dataset_sources, progress)

    def submit_dataset(self, request: DatasetSpec | Mapping[str, Any], *, where: str = "") -> JobView:
        """Let a dataset be made by a job of its own; a scheduler has to run for it, see `ensure_scheduler`.

        Args:
            request: What is asked for.
            where: Where the request is from, for errors.

        Raises:
            RequestWrong: With everything that is wrong; no job is made.
        """
        spec = resolve_dataset(request, self.home, self.plugins, where)
        return self._runs.view(submit_creation(self.home, self._runs, spec))

    def datasets(self) -> tuple[DatasetManifest, ...]:
        """Every dataset, by name; damaged ones are left out."""
        found = []
        for name in self.home.dataset_names():
            with contextlib.suppress(DigitsError):
                found.append(read_manifest(self.home.dataset_folder(name)))
        return tuple(found)

    def dataset(self, name: str) -> DatasetManifest:
        """The dataset called ``name``.

        Raises:
            NameUnknown: If there is none.
            DatasetUnusable: If it is damaged.
        """
        return find_dataset(self.home, name)

    def open_dataset(self, name: str) -> Dataset:
        """The pictures of a dataset.

        Raises:
            NameUnknown: If there is none.
            DatasetUnusable: If it is damaged.
        """
        self.dataset(name)
        return open_dataset(self.home.dataset_folder(name))

    def explore(
        self, name: str, *, split: Split = "train", label: str | None = None, count: int = 36, page: int = 0
    ) -> Image:
        """One page of a dataset's pictures with their class names; see `dataset.explore.contact_sheet`.

        Raises:
            NameUnknown: If there is no such dataset or class.
            SpecInvalid: If there is no such page.
        """
        opened = self.open_dataset(name)
        labels = opened.manifest.labels
        return contact_sheet(opened.split(split), labels, count=count, page=page, label=label)

    def seen_by(self, job: str, dataset: str) -> tuple[DataOptions, int]:
        """What a job does to the pictures of its dataset, and its seed.

        Raises:
            NameUnknown: If there is no such job.
            SpecInvalid: If it trains on another dataset.
        """
        spec = self._job(job).request().spec
        if spec.dataset != dataset:
            hint = f"See: digits dataset explore {spec.dataset} --job {job}."
            raise SpecInvalid(f"Job {job} is expected to train on {dataset}, found {spec.dataset}.", hint=hint)
        return spec.data, spec.seed

    def delete_dataset(self, name: str) -> None:
        """Delete a dataset that no job depends on.

        Raises:
            NameUnknown: If there is none.
            StateConflict: If jobs depend on it; names them.
        """
        if name not in self.home.dataset_names():
            raise NameUnknown(f"There is no dataset {name!r}.", hint=suggest(name, self.home.dataset_names()))
        dependants = [
            view.job
            for view in self.jobs()
            if view.dataset == name and (view.kind == "train" or view.state not in CLOSED)
        ]
        if dependants:
            raise StateConflict(
                f"Dataset {name} is used by jobs: {', '.join(dependants)}.",
                hint=f"Delete them first: {', '.join(f'digits job delete {job}' for job in dependants)}.",
            )
        remove(self.home.dataset_folder(name), "dataset")

    # Networks

    def networks(self) -> tuple[FamilyView, ...]:
        """Networks that can be named."""
        entries = self.plugins.network_families.entries()
        return tuple(
            FamilyView(name=owned.entry.name, summary=owned.entry.summary, plugin=owned.plugin) for owned in entries
        )

    def graph(self, network: str, dataset: str | None = None) -> Graph:
        """A network with every shape known.

        Args:
            network: Name of a family, maybe with params (``NAME:key=value,key=value``), or path of a network file.
            dataset: The dataset whose pictures it takes; empty: the network's usual input.

        Raises:
            NameUnknown: If there is no such family or dataset.
            NetworkInvalid: With everything that is wrong.
        """
        shape: NetworkInput | None = None
        if dataset is not None:
            manifest = self.dataset(dataset)
            height, width, channels = manifest.size
            shape = NetworkInput(channels, height, width, len(manifest.classes))
        return build_network(network, shape, self.plugins.network_families)

    def network(self, network: str, dataset: str | None = None) -> NetworkView:
        """A network in numbers; see `graph`."""
        advice = None if is_file(network) else family_view(choose_family(network, self.plugins.network_families))
        return network_view(self.graph(network, dataset), advice)

    def draw_network(self, network: str, dataset: str | None = None, form: Literal["svg", "png"] = "svg") -> bytes:
        """A network as a picture; see `graph`."""
        scene = draw(self.graph(network, dataset))
        if form == "svg":
            return scene.svg().encode()
        # Imported where it is needed: nothing else here draws pixels.
        from digits_core.graph.raster import png

        return png(scene)

    def network_schema(self) -> dict[str, Any]:
        """The JSON schema of network files."""
        return network_schema()

    def customize_network(self, network: str, dataset: str | None = None) -> str:
        """A network as a file for people to change; see `graph`."""
        return customize(self.graph(network, dataset))

    # Imported models

    def import_model(self, request: ModelSpec | Mapping[str, Any], *, where: str = "") -> ModelView:
        """Make a model of the files of another system; it appears complete or not at all.

        Args:
            request: Which files, and what they do not say themselves.
            where: Where the request is from, for errors.

        Raises:
            RequestWrong: With everything that is wrong.
        """
        return model_view(import_model(request, self.home, self.plugins, where))

    def models(self) -> tuple[ModelView, ...]:
        """Every imported model, by name; damaged ones are left out."""
        return list_models(self.home)

    def model(self, name: str) -> ModelView:
        """The imported model called ``name``.

        Raises:
            NameUnknown: If there is none.
            ModelInvalid: If it is damaged.
        """
        return model_view(ModelFolder.find(self.home, name))

    def delete_model(self, name: str) -> None:
        """Delete an imported model; jobs that were started from it keep what they need.

        Raises:
            NameUnknown: If there is none.
        """
        remove(ModelFolder.find(self.home, name).path, "model")

    def import_network(self, path: Path) -> ImportedNetworkView:
        """A network of another system as a network file of ours, which is not written yet.

        Raises:
            NetworkInvalid: With every line that cannot be read or built here.
        """
        return import_network(path.expanduser(), self.plugins.network_importers)

    # Parity

    def parity(
        self, request: ParitySpec | Mapping[str, Any], *, tell: Callable[[str], None] = lambda message: None
    ) -> Certificate:
        """Compare backends with the reference on one network, each in processes of its own.

        Args:
            request: What is asked for.
            tell: Is told in sentences how far it is.

        Returns:
            What every check found; whether all of them hold is its ``passed``.

        Raises:
            RequestWrong: With everything that is wrong.
            LossNotFinite: If the loss of the reference or a backend is not finite.
            WorkerDied: If the process of a backend ends without an answer.
        """
        return certify(request, self.home, self.plugins, tell)

    # Jobs

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
            CapabilityMissing: If the solver of a plugin has no rule for the backend.
            StateConflict: If it is done or aborted, or runs in another backend.
            DatasetUnusable: If its dataset is gone, damaged or another one.
            CapabilityMissing: If its network is native to another backend.
        """
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
        notes = self._runs.resume(
            folder, backend=chosen, wanted=wanted, retries=request.spec.retries, **_machines(place)
        )
        if last and last.nodes != place.count:
            notes += (f"The run before was on {last.nodes} nodes, this one is on {place.count}.",)
        if not detach:
            watcher.started(self.job(job))
        for note in notes:
            watcher.noted(note)
        return self.job(job) if detach else self._runs.follow(folder, cursor, watcher)

    def clone(self, job: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The request of a job with some keys changed, to be trained or submitted under a name of its own."""
        request = self._job(job).request().spec.model_dump(mode="json", exclude_unset=True)
        return {**request, "name": None, **changes}

    def usual(self, job: str) -> Usual:
        """The batch size of a job, and the rate that went with it."""
        spec = self._job(job).request().spec
        return Usual(spec.batch_size, spec.solver.rate)

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
        return Schedule(self.home, self._runs)

    def ensure_scheduler(self) -> int | None:
        """Start a scheduler in the background unless one runs; returns its process id where it was started now."""
        return ensure_scheduler(self.home)

    def holders(self) -> dict[str, str]:
        """Ids of devices that are held, and the job that holds each."""
        return self._runs.holders()

    def reindex(self) -> int:
        """Build the index of jobs anew from their folders; returns how many there are."""
        Index(self.home).delete()
        self._runs.look(wait=True)
        return len(self.home.job_ids())

    def pause(self, job: str) -> None:
        """Ask a running job to save a snapshot and stop; returns at once.

        Raises:
            NameUnknown: If there is no such job.
            StateConflict: If it does not run.
        """
        self._runs.pause(self._job(job))

    def interrupt(self, job: str, *, at_once: bool = False) -> None:
        """Ask a job that runs or is about to run to pause; waits for nothing, so that signal handlers may call it.

        Args:
            job: Id of the job.
            at_once: End its worker instead; what is in no snapshot is lost, and the job can be resumed.
        """
        if at_once and self._joining is not None:
            self._joining.stop()
        else:
            self._runs.interrupt(self._job(job), at_once=at_once)

    def abort(self, job: str) -> JobView:
        """Stop a job for good.

        Raises:
            NameUnknown: If there is no such job.
            StateConflict: If it is done or aborted already.
        """
        before = self.job(job)
        self._runs.abort(self._job(job))
        gone = job not in self.home.job_ids()
        return before.model_copy(update={"state": "aborted"}) if gone else self.job(job)

    def jobs(self) -> tuple[JobView, ...]:
        """Every job, oldest first; damaged ones are left out."""
        return list_jobs(self.home, runs=self._runs).views()

    def job(self, job: str) -> JobView:
        """The job as it stands.

        Raises:
            NameUnknown: If there is none of that id.
        """
        return self._runs.view(self._job(job))

    def log(self, job: str) -> str:
        """What the job's workers printed."""
        path = self._job(job).log_path
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def delete_job(self, job: str) -> None:
        """Delete a job with its snapshots.

        Raises:
            NameUnknown: If there is no such job.
            StateConflict: If it runs.
        """
        folder = self._job(job)
        self._require_closed(folder, "deleted")
        remove(folder.path, "job")

    # Use

    def classify(
        self, model: str, images: Sequence[Path], *, top: int = 5, backend: str | None = None
    ) -> ClassificationView:
        """What pictures are taken for.

        Args:
            model: ``JOB``, ``JOB@best``, ``JOB@last``, ``JOB@epoch-3``, or the name of an imported model.
            images: Picture files; one that cannot be read keeps its error, and the rest go on.
            top: How many classes per picture.
            backend: Who computes; empty: the job's own if it is installed, else the first that is.

        Raises:
            NameUnknown: If there is no such job, snapshot, imported model or backend.
            SnapshotDamaged: If the snapshot cannot be read.
            ModelInvalid: If the imported model cannot be read.
        """
        return classify_pictures(self.home, self.plugins, model, images, top, backend)

    def evaluate(
        self,
        model: str,
        *,
        dataset: str | None = None,
        split: Split = "val",
        backend: str | None = None,
        devices: str = "auto",
        watcher: Watcher | None = None,
    ) -> EvaluationView:
        """How well a model does on pictures whose classes are known; a job that waits for its turn.

        Args:
            model: ``JOB``, ``JOB@best``, ``JOB@last`` or ``JOB@epoch-3``.
            dataset: Whose pictures; empty: those of the dataset that it was trained on.
            split: Which of them.
            backend: Who computes; empty: the job's own if it is installed, else the first that is.
            devices: What it computes on, one device at most.
            watcher: Is told what happens.

        Raises:
            RequestWrong: With everything that is wrong; no job is made.
            JobFailed: If the job ended without a result.
        """
        asked = (self.home, self._runs, self.plugins, model)
        folder = submit_evaluation(*asked, dataset=dataset, split=split, backend=backend, devices=devices)
        view = self._runs.first(folder, watcher or Nobody())
        if view.state != "done":
            error = view.error or ErrorView(
                message=f"Job {view.job} is {view.state}.", hint=f"Go on with: digits job resume {view.job}."
            )
            raise JobFailed(error.message, hint=error.hint)
        return evaluation_view(folder)

    def submit_evaluation(
        self,
        model: str,
        *,
        dataset: str | None = None,
        split: Split = "val",
        backend: str | None = None,
        devices: str = "auto",
    ) -> JobView:
        """The same without waiting for it; a scheduler has to run for its turn to come, see `ensure_scheduler`."""
        asked = (self.home, self._runs, self.plugins, model)
        folder = submit_evaluation(*asked, dataset=dataset, split=split, backend=backend, devices=devices)
        return self._runs.view(folder)

    # This installation

    def plugin_list(self) -> PluginsView:
        """What plugins bring, and which cannot be used and why."""
        return doctor.plugins_view(self.plugins, read_settings(self.home).interpreters)

    def devices(self) -> tuple[DeviceView, ...]:
        """What computes here, how busy it is, and which job holds it; imports no backend.

        Raises:
            SpecInvalid: If ``DIGITS_CPU_DEVICES`` is no number of devices.
        """
        return device_views(self.home)

    def doctor(self) -> DoctorView:
        """How this installation is."""
        return doctor.examine(self.home, self.plugins)

    def _join(self, job: str, place: Place, watcher: Watcher, after: int = 0) -> JobView:
        """Carry this machine's share of a job that another one leads."""
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
        state = self.job(job).state if job in self.home.job_ids() else ""
        return state if state in CLOSED else ""

    def _last_number(self, folder: JobFolder) -> int:
        """Number of a run that has ended, so that the next one is meant; 0 while there is one to join."""
        stands = standing(folder, self._runs.launcher)
        if stands.state not in CLOSED:
            return 0
        require_resumable(folder, stands)
        return stands.run.number if stands.run else 0

    def _resolved(self, request: JobSpec | Mapping[str, Any], where: str, place: Place) -> ResolvedJob:
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
        resolved = self._resolved(request, where, place)
        placement, found = None, ""
        if not resolved.awaits:
            resolved, placement, found = self._sized(resolved, watcher, place.count)
        resolved, curve, chosen = settle_rate(resolved, self.home, placement, rate, watcher.noted)
        spec = resolved.request.spec
        run = RunRequest(
            backend=resolved.request.backend,
            wanted=spec.devices,
            priority=spec.priority,
            ticket=next_ticket(self.home),
            retries=spec.retries,
            awaits=resolved.awaits,
            **_machines(place),
        )
        self._runs.forget(resolved.request.id)
        graph = None if resolved.awaits else resolved.graph
        folder = JobFolder.create(self.home, resolved.request, graph, run, resolved.start)
        for note in filter(None, (found, chosen, *resolved.notes)):
            folder.journal.append(Noted(note))
        if curve:
            keep_curve(folder, curve)
        return folder

    def _sized(self, resolved: ResolvedJob, watcher: Watcher, nodes: int) -> tuple[ResolvedJob, Placement, str]:
        """A job whose batch size is a number, where it would run, and what was found; tells what memory it takes."""
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

    def _require_closed(self, folder: JobFolder, what: str) -> None:
        stands = self._runs.settled(folder)
        if stands.state not in CLOSED or stands.alive:
            hint = f"Stop it first: digits job abort {folder.id}."
            raise StateConflict(f"Job {folder.id} is {stands.state}, so it cannot be {what}.", hint=hint)
        if needed := self._runs.needing(folder.id):
            hint = f"Wait for them, or stop them first: {', '.join(f'digits job abort {id}' for id in needed)}."
            raise StateConflict(f"Job {folder.id} cannot be {what}: {', '.join(needed)} need it.", hint=hint)

    def _job(self, job: str) -> JobFolder:
        ids = self.home.job_ids()
        if job not in ids:
            raise NameUnknown(f"There is no job {job!r}.", hint=suggest(job, ids))
        return JobFolder(self.home.job_folder(job))


def _machines(place: Place) -> dict[str, Any]:
    """What a run says about the machines that carry it."""
    if place.count == 1:
        return {"nodes": 1, "coordinator": "", "host": ""}
    return {"nodes": place.count, "coordinator": place.coordinator, "host": os.uname().nodename}
