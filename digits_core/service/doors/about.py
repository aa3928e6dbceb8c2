"""What people say about jobs, datasets and imported models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from digits_core.service.doors.jobs import Jobs

if TYPE_CHECKING:
    from pathlib import Path

    from digits_core.service.views.about import AboutView
    from digits_core.service.views.jobs import JobView
    from digits_core.spec.about import About


class Describing(Jobs):
    """Names, notes, tags and owners."""

    def describe_job(
        self,
        job: str,
        *,
        name: str | None = None,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        owner: str | None = None,
    ) -> JobView:
        """Say something about a job; what is None stays as it is, and what is empty is said no more.

        Where anything of it is refused, nothing is changed.

        Args:
            job: Id of the job, in whatever state.
            name: Another name, which is its id too; see `rename`.
            description: Notes.
            tags: Words to find it by.
            owner: Name of the person whose it is.

        Raises:
            NameUnknown: If there is no such job.
            NameTaken: If there is one of the new name.
            StateConflict: If it is to have another name while it runs or waits.
            SpecInvalid: With everything that is wrong.
        """
        folder, said = self._job(job), _said(description, tags, owner)
        if name is not None and name != job:
            folder = self._job(self.rename(job, name).job)
        self._describe(folder.path, said, job=folder.id)
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
        self._describe(self._dataset_folder(name), _said(description, tags, owner))
        return self.about_dataset(name)

    def about_dataset(self, name: str) -> AboutView:
        """What is said about a dataset.

        Raises:
            NameUnknown: If there is none of that name.
            DatasetUnusable: If it is damaged.
        """
        return _about(self._dataset_folder(name))

    def describe_model(
        self,
        name: str,
        *,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        owner: str | None = None,
    ) -> AboutView:
        """Say something about an imported model; see `describe_job`."""
        self._describe(self._model_folder(name), _said(description, tags, owner))
        return self.about_model(name)

    def about_model(self, name: str) -> AboutView:
        """What is said about an imported model.

        Raises:
            NameUnknown: If there is none of that name.
        """
        return _about(self._model_folder(name))

    def _describe(self, folder: Path, said: dict[str, object], *, job: str | None = None) -> None:
        from digits_core.scheduling.scheduler import turn
        from digits_core.store.about import read_about, write_about

        if not said:
            return
        # Under the lock under which the index takes jobs in, so that it does not keep what was said before.
        with turn(self.home):
            write_about(folder, _checked({**read_about(folder).model_dump(), **said}))
            if job is not None:
                self._runs.forget(job)

    def _dataset_folder(self, name: str) -> Path:
        from digits_core.service.pictures import find_dataset

        return self.home.dataset_folder(find_dataset(self.home, name).name)

    def _model_folder(self, name: str) -> Path:
        from digits_core.store.models import ModelFolder

        return ModelFolder.find(self.home, name).path


def _about(folder: Path) -> AboutView:
    from digits_core.service.views.about import AboutView
    from digits_core.store.about import read_about

    return AboutView.model_validate(read_about(folder).model_dump())


def _said(description: str | None, tags: Sequence[str] | None, owner: str | None) -> dict[str, object]:
    """What is said anew, once it is known to be right."""
    words = {"description": description, "tags": tags, "owner": owner}
    said: dict[str, object] = {key: value for key, value in words.items() if value is not None}
    _checked(said)
    return said


def _checked(said: dict[str, object]) -> About:
    from digits_core.spec.about import About
    from digits_core.spec.model import parse

    return parse(About, said)
