"""A dataset to which pictures are added, by a job: how far that is, and then the way to the new version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from digits_core.service.views.datasets import DatasetView
from digits_core.service.views.jobs import JobView
from digits_web.outside import dataset_request
from digits_web.parts.aside import aside
from digits_web.parts.attempt import attempt, begin
from digits_web.parts.person import person
from digits_web.parts.waiting import Waiting
from digits_web.web import Web

#: Seconds between two looks.
_LOOK_S = 1.0
_OVER = ("done", "failed", "aborted")


class Growing:
    """The job that makes a new version of a dataset, whoever has asked for it.

    A page that has asked for it itself goes to the new version once it is there; others are shown the way.

    Args:
        web: Whose jobs.
        dataset: Name of the dataset.
    """

    def __init__(self, web: Web, dataset: str) -> None:
        self._web, self._dataset, self._followed, self._own = web, dataset, "", ""
        self._waiting = Waiting(f"New version of dataset {dataset}")
        self._waiting.element.classes("digits-card")
        self._made = ui.element("div").classes("digits-full").props("role=status")
        ui.timer(_LOOK_S, self.look)

    async def submit(self, reference: str, change: Mapping[str, Any], owner: str) -> bool:
        """Let a job make a version of ``reference``, as the owner and admins may; returns whether it does."""
        web, who = self._web, person()

        def submitted() -> JobView:
            who.require_change(f"Dataset {self._dataset}", owner)
            request = {"dataset": reference, "change": dataset_request(web, change)}
            return web.digits.submit_task("version", request)

        made = await begin(web, submitted)
        if made is not None:
            self._followed = self._own = made.job
            await self.look()
            # It was asked for further down.
            ui.run_javascript(f"getElement({self._waiting.element.id})?.scrollIntoView({{block: 'center'}})")
        return made is not None

    async def look(self) -> None:
        """See how far the job is."""
        view = self._chosen(await aside(self._web.jobs))
        if view is None:
            return
        self._followed = view.job
        self._waiting.show(view)
        if view.state != "done":
            return
        self._followed = ""
        found = await attempt(lambda: self._web.digits.result(view.job))
        self._web.datasets.forget()
        if not isinstance(found, DatasetView):
            return
        where = f"/datasets/{found.name}@{found.version}"
        if view.job == self._own:
            ui.navigate.to(where)
            return
        self._made.clear()
        with self._made, ui.element("div").classes("digits-card digits-row"):
            ui.icon("check_circle", size="1.5rem").style("color: var(--good)").props("aria-hidden=true")
            ui.label(f"Version {found.version} is made.")
            ui.link("See it", where)

    def _chosen(self, views: tuple[JobView, ...]) -> JobView | None:
        own = [one for one in views if one.kind == "version" and one.dataset == self._dataset]
        followed = (one for one in own if one.job == self._followed)
        return next(followed, None) or next((one for one in own if one.state not in _OVER), None)
