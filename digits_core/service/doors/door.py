"""A home, its plugins and its runs."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from digits_core.errors import NameUnknown, suggest
from digits_core.spec.paths import expanded
from digits_core.store.home import Home

if TYPE_CHECKING:
    from digits_core.hooks.registry import Plugins
    from digits_core.service.claims import Claims
    from digits_core.service.joining import Joining
    from digits_core.service.runs import Runs
    from digits_core.store.job import JobFolder


class Door:
    """What every part of `Digits` stands on.

    Args:
        home: The folder with datasets and jobs; empty: ``$DIGITS_HOME``, else the platform's folder for user data.
        launcher: Name of the launcher that starts jobs.
        runs_code: Whether new jobs may have a Python file for a network. It is run as whoever runs this, so nothing
            that takes requests from others allows it.
    """

    def __init__(self, home: Path | None = None, launcher: str = "local", *, runs_code: bool = False) -> None:
        self._runs_code = runs_code
        self.home = Home(expanded(home).absolute()) if home else Home.default()
        self._launcher_name = launcher
        #: The share of a job that another machine leads, while it is carried here.
        self._joining: Joining | None = None

    @cached_property
    def plugins(self) -> Plugins:
        """What plugins bring; none of it is imported before it is used."""
        from digits_core.hooks.registry import discover

        return discover()

    @cached_property
    def _runs(self) -> Runs:
        from digits_core.service.runs import Runs
        from digits_core.service.settling import settler

        launcher = self.plugins.launchers.get(self._launcher_name)()
        return Runs(self.home, launcher, self.plugins.backends, settler(self.home, self.plugins))

    @cached_property
    def _claims(self) -> Claims:
        from digits_core.service.claims import Claims

        return Claims(self.home, self.plugins)

    def _job(self, job: str) -> JobFolder:
        from digits_core.store.job import JobFolder

        ids = self.home.job_ids()
        if job not in ids:
            raise NameUnknown(f"There is no job {job!r}.", hint=suggest(job, ids))
        return JobFolder(self.home.job_folder(job))
