"""The job as the page last saw it."""

from __future__ import annotations

from collections.abc import Callable

from digits_core.service.digits import Digits
from digits_core.service.views.jobs import JobView
from digits_web.parts.aside import aside
from digits_web.parts.attempt import change
from digits_web.web import Web

#: States in which nothing happens by itself.
CLOSED = ("paused", "done", "failed", "aborted")
Show = Callable[[JobView], None]


class Live:
    """A job, and the parts of a page that are told when it changed.

    Args:
        web: What the server knows.
        view: The job as it is.
    """

    def __init__(self, web: Web, view: JobView) -> None:
        self.web, self.view = web, view
        self._shows: list[Show] = []
        #: Whether it was renamed, put away or deleted since, and whether the page says so.
        self.gone = self.gone_told = False

    @property
    def digits(self) -> Digits:
        """The service."""
        return self.web.digits

    @property
    def id(self) -> str:
        """The job."""
        return self.view.job

    def follow(self, show: Show) -> None:
        """Show the job as it is now, and whenever it has changed."""
        self._shows.append(show)
        show(self.view)

    async def change(self, action: str, work: Callable[[], object]) -> bool:
        """Do something to the job, as its owner may, and look again; returns whether it was done.

        Args:
            action: A verb: ``pause``.
            work: Does it, in a thread.
        """
        done = await change(self.web, f"{action} job", self.id, self.view.owner, work)
        if done:
            await self.look()
        return done

    async def look(self) -> None:
        """Look again."""
        view = next((view for view in await aside(self.web.jobs) if view.job == self.id), None)
        self.gone = view is None
        if view is not None and view != self.view:
            self.view = view
            for show in self._shows:
                show(view)
