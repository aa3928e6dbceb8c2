"""`Digits`: the one object behind command line, web page and notebook.

>>> from pathlib import Path
>>> Digits(Path("/nowhere")).jobs()
()
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL.Image import Image

from digits_core.dataset.create import create_dataset
from digits_core.dataset.explore import contact_sheet
from digits_core.dataset.manifest import DatasetManifest, read_manifest
from digits_core.dataset.opened import Dataset, open_dataset
from digits_core.dataset.progress import Progress
from digits_core.errors import DigitsError, NameUnknown, StateConflict, suggest
from digits_core.graph.draw import draw
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.hooks.registry import Plugins, discover
from digits_core.scheduling.states import standing
from digits_core.service import doctor
from digits_core.service.classification import classify_pictures
from digits_core.service.networks import build_network, network_view
from digits_core.service.resolve import (
    choose_backend,
    find_dataset,
    parse_devices,
    require_same_dataset,
    resolve_dataset,
    resolve_job,
)
from digits_core.service.runs import Nobody, Runs, Watcher, remove, require_resumable
from digits_core.service.summary import job_view
from digits_core.service.views import (
    ClassificationView,
    DeviceView,
    DoctorView,
    FamilyView,
    JobView,
    NetworkView,
    PluginsView,
)
from digits_core.spec.dataset import DatasetSpec, Split
from digits_core.spec.job import JobSpec
from digits_core.store.home import Home
from digits_core.store.job import JobFolder


class Digits:
    """Everything DIGITS does, on the datasets and jobs of one home.

    Args:
        home: The folder with datasets and jobs; empty: ``$DIGITS_HOME``, else the platform's folder for user data.
        launcher: Name of the launcher that starts jobs.
    """

    def __init__(self, home: Path | None = None, launcher: str = "local") -> None:
        self.home = Home(home.expanduser().absolute()) if home else Home.default()
        self._launcher_name = launcher

    @cached_property
    def plugins(self) -> Plugins:
        """What plugins bring; none of it is imported before it is used."""
        return discover()

    @cached_property
    def _runs(self) -> Runs:
        return Runs(self.plugins.launchers.get(self._launcher_name)())

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
        folder = self.home.dataset_folder(spec.name)
        return create_dataset(spec, folder, self.plugins.dataset_sources, progress)

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

    def delete_dataset(self, name: str) -> None:
        """Delete a dataset that no job depends on.

        Raises:
            NameUnknown: If there is none.
            StateConflict: If jobs depend on it; names them.
        """
        if name not in self.home.dataset_names():
            raise NameUnknown(f"There is no dataset {name!r}.", hint=suggest(name, self.home.dataset_names()))
        dependants = [view.job for view in self.jobs() if view.dataset == name]
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
            network: Name of a family, or path of a network file.
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
        return network_view(self.graph(network, dataset))

    def draw_network(self, network: str, dataset: str | None = None) -> str:
        """A network as an SVG picture; see `graph`."""
        return draw(self.graph(network, dataset))

    # Jobs

    def train(
        self, request: JobSpec | Mapping[str, Any], *, watcher: Watcher | None = None, where: str = ""
    ) -> JobView:
        """Make a job, train, and return when its first run has ended.

        Args:
            request: What is asked for.
            watcher: Is told what happens.
            where: Where the request is from, for errors.

        Raises:
            RequestWrong: With everything that is wrong; no job is made.
        """
        resolved = resolve_job(request, self.home, self.plugins, where)
        folder = JobFolder.create(self.home, resolved.request, resolved.graph)
        devices = parse_devices(resolved.request.spec.devices)
        return self._runs.first(folder, resolved.request.backend, devices, watcher or Nobody())

    def resume(self, job: str, *, backend: str | None = None, watcher: Watcher | None = None) -> JobView:
        """Go on from the newest snapshot, or follow the worker if it still runs.

        Args:
            job: Id of the job.
            backend: Another backend to go on with; empty: that of the run before.
            watcher: Is told what happens.

        Raises:
            NameUnknown: If there is no such job or backend.
            StateConflict: If it is done or aborted, or runs in another backend.
            DatasetUnusable: If its dataset is gone, damaged or another one.
        """
        folder = self._job(job)
        request, last, stands = folder.request(), folder.run(), standing(folder, self._runs.launcher)
        before = last.backend if last else request.backend
        if stands.active and backend not in (None, "auto", before):
            hint = f"Pause it first: digits job pause {job}."
            raise StateConflict(f"Job {job} runs in backend {before}, so it cannot change to {backend}.", hint=hint)
        if not stands.active:
            require_resumable(folder, stands)
            require_same_dataset(self.home, request)
        chosen = choose_backend(backend or before, self.plugins.backends)
        devices = parse_devices(request.spec.devices) if chosen == request.backend else ()
        return self._runs.resume(folder, chosen, devices, watcher or Nobody())

    def watch(self, job: str, *, watcher: Watcher | None = None) -> JobView:
        """Follow a job that runs until it ends; one that does not is only told."""
        return self._runs.watch(self._job(job), watcher or Nobody())

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
        self._runs.interrupt(self._job(job), at_once=at_once)

    def abort(self, job: str) -> JobView:
        """Stop a job for good.

        Raises:
            NameUnknown: If there is no such job.
            StateConflict: If it is done or aborted already.
        """
        self._runs.abort(self._job(job))
        return self.job(job)

    def jobs(self) -> tuple[JobView, ...]:
        """Every job, oldest first; damaged ones are left out."""
        views = []
        for id in self.home.job_ids():
            with contextlib.suppress(DigitsError):
                views.append(self.job(id))
        return tuple(sorted(views, key=lambda view: view.created))

    def job(self, job: str) -> JobView:
        """The job as it stands.

        Raises:
            NameUnknown: If there is none of that id.
        """
        return job_view(self._job(job), self._runs.launcher)

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
        stands = standing(folder, self._runs.launcher)
        if stands.active:
            hint = f"Stop it first: digits job abort {job}."
            raise StateConflict(f"Job {job} is {stands.state}, so it cannot be deleted.", hint=hint)
        remove(folder.path, "job")

    # Use

    def classify(
        self, model: str, images: Sequence[Path], *, top: int = 5, backend: str | None = None
    ) -> ClassificationView:
        """What pictures are taken for.

        Args:
            model: ``JOB``, ``JOB@best``, ``JOB@last`` or ``JOB@epoch-3``.
            images: Picture files; one that cannot be read keeps its error, and the rest go on.
            top: How many classes per picture.
            backend: Who computes; empty: the job's own if it is installed, else the first that is.

        Raises:
            NameUnknown: If there is no such job, snapshot or backend.
            SnapshotDamaged: If the snapshot cannot be read.
        """
        return classify_pictures(self.home, self.plugins, model, images, top, backend)

    # This installation

    def plugin_list(self) -> PluginsView:
        """What plugins bring, and which cannot be used and why."""
        return doctor.plugins_view(self.plugins)

    def devices(self) -> tuple[DeviceView, ...]:
        """What computes here; imports every installed backend."""
        return doctor.device_views(self.plugins)

    def doctor(self) -> DoctorView:
        """How this installation is."""
        return doctor.examine(self.home, self.plugins)

    def _job(self, job: str) -> JobFolder:
        ids = self.home.job_ids()
        if job not in ids:
            raise NameUnknown(f"There is no job {job!r}.", hint=suggest(job, ids))
        return JobFolder(self.home.job_folder(job))
