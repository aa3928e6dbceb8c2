"""What people say about jobs and datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from digits_core.service.doors.door import Door

if TYPE_CHECKING:
    from pathlib import Path

    from digits_core.service.views.about import AboutView
    from digits_core.service.views.jobs import JobView
    from digits_core.spec.about import About


class Describing(Door):
    """Notes, tags and owners."""

    def describe_job(
        self,
        job: str,
        *,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        owner: str | None = None,
    ) -> JobView:
        """Say something about a job; what is None stays as it is, and what is empty is said no more.

        Args:
            job: Id of the job, in whatever state.
            description: Notes.
            tags: Words to find it by.
            owner: Name of the person whose it is.

        Raises:
            NameUnknown: If there is no such job.
            SpecInvalid: With everything that is wrong.
        """
        folder = self._job(job)
        self._describe(folder.path, description, tags, owner, job=job)
        return self._runs.view(folder)

    def describe_dataset(
        self,
        name: str,
        *,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        owner: str | None = None,
    ) -> AboutView:
        """Say something about a dataset, all versions of it; see `describe_job`."""
        self._describe(self._dataset_folder(name), description, tags, owner)
        return self.about_dataset(name)

    def about_dataset(self, name: str) -> AboutView:
        """What is said about a dataset.

        Raises:
            NameUnknown: If there is none of that name.
            DatasetUnusable: If it is damaged.
        """
        from digits_core.service.views.about import AboutView
        from digits_core.store.about import read_about

        return AboutView.model_validate(read_about(self._dataset_folder(name)).model_dump())

    def _describe(
        self,
        folder: Path,
        description: str | None,
        tags: Sequence[str] | None,
        owner: str | None,
        *,
        job: str | None = None,
    ) -> None:
        from digits_core.scheduling.scheduler import turn
        from digits_core.store.about import read_about, write_about

        said = {"description": description, "tags": tags, "owner": owner}
        changes: dict[str, object] = {key: value for key, value in said.items() if value is not None}
        if not changes:
            return
        _checked(changes)
        # Under the lock under which the index takes jobs in, so that it does not keep what was said before.
        with turn(self.home):
            write_about(folder, _checked({**read_about(folder).model_dump(), **changes}))
            if job is not None:
                self._runs.forget(job)

    def _dataset_folder(self, name: str) -> Path:
        from digits_core.service.pictures import find_dataset

        return self.home.dataset_folder(find_dataset(self.home, name).name)


def _checked(said: dict[str, object]) -> About:
    from digits_core.spec.about import About
    from digits_core.spec.model import parse

    return parse(About, said)
