"""Work that takes long as jobs of its own, and what they came to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from digits_core.service.doors.door import Door

if TYPE_CHECKING:
    from digits_core.service.views.jobs import JobView
    from digits_core.service.views.view import View
    from digits_core.spec.task import TaskSpec


class Tasks(Door):
    """Let jobs do what methods of `Digits` do at once."""

    def submit_task(
        self,
        kind: Literal["export", "classification", "top", "errors", "similar", "version"],
        request: TaskSpec | Mapping[str, Any],
    ) -> JobView:
        """Let a job do what `export`, `classify`, `top`, `errors`, `similar` or `change_dataset` do.

        It needs no devices, so it runs while others train on all of them; a scheduler has to run for it, see
        `ensure_scheduler`. `submit_dataset` and `submit_evaluation` are for the other kinds.

        Args:
            kind: What is to be done.
            request: What is asked for, in the form of that kind; see `digits_core.spec.task`.

        Raises:
            RequestWrong: With everything that is wrong; no job is made.
        """
        from digits_core.service.task_plans import plan_task
        from digits_core.service.tasks import submit_task

        spec = plan_task(self.home, self.plugins, kind, request)
        return self._runs.view(submit_task(self.home, self._runs, kind, spec))

    def result(self, job: str) -> View:
        """What a job that trains nothing came to: the view that the method returns which does the same at once.

        Raises:
            NameUnknown: If there is no such job.
            StateConflict: If it trains, or is not done.
        """
        from digits_core.service.task_results import result_of

        folder = self._job(job)
        return result_of(folder, self._runs.view(folder))

    def result_file(self, job: str) -> Path:
        """A zip archive of what a job has exported, and its manifest.

        Raises:
            NameUnknown: If there is no such job.
            StateConflict: If it exports nothing, or is not done.
        """
        from digits_core.service.task_results import result_file

        folder = self._job(job)
        return result_file(folder, self._runs.view(folder))
