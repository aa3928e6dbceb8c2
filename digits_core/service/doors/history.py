"""What happened in jobs, for whoever follows or draws it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from digits_core.service.doors.door import Door

if TYPE_CHECKING:
    from digits_core.service.curves import Curves
    from digits_core.service.usage import Usages
    from digits_core.service.views.history import EventsView, SeriesView, UsageHistoryView
    from digits_core.service.views.plan import ComparisonView


class History(Door):
    """Facts, curves and usage of jobs."""

    def events(self, job: str, cursor: str = "", *, most: int = 10_000) -> EventsView:
        """What happened in a job after ``cursor``; cheap to ask again and again.

        Args:
            job: Id of the job.
            cursor: As an earlier answer gave it; empty: from the beginning.
            most: No more facts than these at once.

        Raises:
            NameUnknown: If there is no such job.
            SpecInvalid: If the cursor is none of ours.
        """
        from digits_core.service.following import events_since

        return events_since(self._job(job), cursor, most)

    def series(self, job: str, *, points: int = 1000) -> SeriesView:
        """The curves of a job over its steps; asked again, it reads no more than what is new.

        Args:
            job: Id of the job.
            points: Most points of a curve; of a longer one the lowest and highest of every stretch are kept.

        Raises:
            NameUnknown: If there is no such job.
            SpecInvalid: If fewer than 2 points are asked for.
        """
        return self._curves.view(self._job(job), points)

    def usage_history(self, job: str, *, points: int = 300) -> UsageHistoryView:
        """What a job's devices and processes were busy with; asked again, it reads no more than what is new.

        Args:
            job: Id of the job.
            points: Most moments; where there are more samples, several are averaged.

        Raises:
            NameUnknown: If there is no such job.
            SpecInvalid: If fewer than 2 points are asked for.
        """
        return self._usages.view(self._job(job), points)

    def compare(self, jobs: Sequence[str]) -> ComparisonView:
        """Jobs side by side: what was asked for differently, and what came of it.

        Args:
            jobs: Their ids; each is told once, in this order.

        Raises:
            NameUnknown: With every id that there is none of.
            StateConflict: With every one that trains nothing.
        """
        from digits_core.service.comparing import compare
        from digits_core.service.complaints import Complaints

        complaints, folders, requests = Complaints(), [], []
        for job in dict.fromkeys(jobs):
            with complaints.gathered():
                folder = self._job(job)
                requests.append(folder.request().spec.model_dump(mode="json"))
                folders.append(folder)
        complaints.settle()
        return compare([self._runs.view(folder) for folder in folders], requests)

    @cached_property
    def _curves(self) -> Curves:
        from digits_core.service.curves import Curves

        return Curves()

    @cached_property
    def _usages(self) -> Usages:
        from digits_core.service.usage import Usages

        return Usages()
