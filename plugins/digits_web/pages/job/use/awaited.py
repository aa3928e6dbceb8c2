"""What a job has found with the model, shown in the tab where it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from nicegui import ui

from digits_core.service.views.jobs import JobView
from digits_web.pages.job.use.used import Used
from digits_web.parts.aside import aside
from digits_web.parts.attempt import attempt, begin
from digits_web.parts.waiting import Waiting


class Awaited:
    """The job that the address names, else the newest of its kind with this model: how far it is, then its result.

    Args:
        used: The model.
        kind: What the job does; its id stands under this name in the address.
        label: What is waited for.
        show: Shows the result of a job.
    """

    def __init__(
        self,
        used: Used,
        kind: Literal["classification", "top", "errors", "similar"],
        label: str,
        show: Callable[[Any], None],
    ) -> None:
        self._used, self._kind, self._show, self._shown = used, kind, show, ""
        self._waiting = Waiting(label)
        self._result = ui.element("div").classes("digits-stack")

    async def submit(self, request: Mapping[str, Any]) -> None:
        """Let a job look for it; what it finds is shown by itself."""
        digits, kind = self._used.digits, self._kind
        made = await begin(self._used.web, lambda: digits.submit_task(kind, request))
        if made is not None:
            self._used.address.put(**{kind: made.job})
            await self.look()

    async def look(self) -> None:
        """See how far the job is, and show its result once it is done."""
        view = self._chosen(await aside(self._used.web.jobs))
        self._waiting.show(view)
        if view is None or view.job == self._shown:
            return
        self._result.clear()
        self._shown = view.job if view.state == "done" else ""
        if not self._shown:
            return
        found = await attempt(lambda: self._used.digits.result(view.job))
        # Another one may have been asked for meanwhile.
        if found is not None and self._shown == view.job:
            with self._result:
                self._show(found)

    def _chosen(self, views: Sequence[JobView]) -> JobView | None:
        own = [one for one in views if one.kind == self._kind and self._used.is_of(one)]
        wanted = self._used.address.get(self._kind)
        return next((one for one in own if one.job == wanted), own[-1] if own else None)
