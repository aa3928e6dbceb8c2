"""Datasets: make, open, show, delete."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from digits_core.dataset.progress import Progress
from digits_core.errors import DigitsError, NameUnknown, SpecInvalid, StateConflict, suggest
from digits_core.service.doors.door import Door

if TYPE_CHECKING:
    from PIL.Image import Image

    from digits_core.dataset.manifest import DatasetManifest
    from digits_core.dataset.opened import Dataset
    from digits_core.service.views.about import TrashedView
    from digits_core.service.views.jobs import JobView
    from digits_core.spec.dataset import DatasetSpec, Split
    from digits_core.spec.job import DataOptions


class Datasets(Door):
    """Pictures to train on."""

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
        from digits_core.service.resolve import resolve_dataset
        from digits_core.service.tasks import create_attached

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
        from digits_core.service.resolve import resolve_dataset
        from digits_core.service.tasks import submit_creation

        spec = resolve_dataset(request, self.home, self.plugins, where)
        return self._runs.view(submit_creation(self.home, self._runs, spec))

    def datasets(self) -> tuple[DatasetManifest, ...]:
        """Every dataset, by name; damaged ones are left out."""
        from digits_core.dataset.manifest import read_manifest

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
        from digits_core.service.pictures import find_dataset

        return find_dataset(self.home, name)

    def open_dataset(self, name: str) -> Dataset:
        """The pictures of a dataset.

        Raises:
            NameUnknown: If there is none.
            DatasetUnusable: If it is damaged.
        """
        from digits_core.service.pictures import open_referred

        return open_referred(self.home, name)

    def explore(
        self, name: str, *, split: Split = "train", label: str | None = None, count: int = 36, page: int = 0
    ) -> Image:
        """One page of a dataset's pictures with their class names; see `dataset.explore.contact_sheet`.

        Raises:
            NameUnknown: If there is no such dataset or class.
            SpecInvalid: If there is no such page.
        """
        from digits_core.dataset.explore import contact_sheet

        opened = self.open_dataset(name)
        labels = opened.manifest.labels
        return contact_sheet(opened.split(split), labels, count=count, page=page, label=label)

    def seen_by(self, job: str, dataset: str) -> tuple[DataOptions, int]:
        """What a job does to the pictures of its dataset, and its seed.

        Raises:
            NameUnknown: If there is no such job.
            SpecInvalid: If it trains on another dataset.
        """
        from digits_core.spec.dataset import split_reference

        spec = self._job(job).request().spec
        if split_reference(spec.dataset)[0] != split_reference(dataset)[0]:
            hint = f"See: digits dataset explore {spec.dataset} --job {job}."
            raise SpecInvalid(f"Job {job} is expected to train on {dataset}, found {spec.dataset}.", hint=hint)
        return spec.data, spec.seed

    def delete_dataset(self, name: str) -> None:
        """Delete a dataset that no job depends on.

        Raises:
            NameUnknown: If there is none.
            StateConflict: If jobs depend on it; names them.
        """
        from digits_core.service.runs import remove

        with self._unused(name):
            remove(self.home.dataset_folder(name), "dataset")

    def discard_dataset(self, name: str) -> TrashedView:
        """Move a dataset that no job depends on into the trash, from which it can be restored.

        Raises:
            NameUnknown: If there is none.
            StateConflict: If jobs depend on it; names them.
        """
        from digits_core.service.discarding import discard

        with self._unused(name):
            return discard(self.home, "dataset", name)

    @contextlib.contextmanager
    def _unused(self, name: str) -> Iterator[None]:
        """Nobody changes a dataset meanwhile, and no job depends on it."""
        from digits_core.dataset.versions import changing
        from digits_core.scheduling.states import CLOSED
        from digits_core.service.listing import list_jobs

        if "@" in name:
            hint = f"To go back to it, make it the newest: digits dataset select {name}."
            raise NameUnknown(f"Versions share their pictures and are not deleted singly, found {name}.", hint=hint)
        if name not in self.home.dataset_names():
            raise NameUnknown(f"There is no dataset {name!r}.", hint=suggest(name, self.home.dataset_names()))
        dependants = [
            view.job
            for view in list_jobs(self.home, runs=self._runs).views()
            if view.dataset == name and (view.kind == "train" or view.state not in CLOSED)
        ]
        if dependants:
            raise StateConflict(
                f"Dataset {name} is used by jobs: {', '.join(dependants)}.",
                hint=f"Delete them first: {', '.join(f'digits job delete {job}' for job in dependants)}.",
            )
        with changing(self.home.dataset_folder(name), patience_s=0.0):
            yield
