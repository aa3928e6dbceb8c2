"""A dataset that is being made: how far it is, and why it failed."""

from __future__ import annotations

import json

from nicegui import ui

from digits_core.service.views.jobs import JobView
from digits_web.access.person import Role
from digits_web.parts.addresses import question
from digits_web.parts.aside import aside
from digits_web.parts.attempt import change
from digits_web.parts.errors import list_problems
from digits_web.parts.job_facts import problems_of
from digits_web.parts.person import person
from digits_web.parts.sparkline import Bar
from digits_web.parts.times import duration
from digits_web.web import Web

#: Seconds between two looks.
_LOOK_S = 1.0
_OVER = ("done", "failed", "aborted")


def maker_of(web: Web, dataset: str) -> JobView | None:
    """The job that makes a dataset, or the newest that tried to."""
    makers = [job for job in web.jobs() if job.kind == "dataset" and job.dataset == dataset]
    return makers[-1] if makers else None


class Making:
    """How far a job is with a dataset; the page is shown anew once that is there.

    Args:
        web: Whose jobs.
        job: The job.
    """

    def __init__(self, web: Web, job: JobView) -> None:
        self._web, self._job = web, job
        with ui.element("div").classes("digits-card digits-page"):
            with ui.element("div").classes("digits-spread"):
                self._state = ui.label().classes("digits-state")
                self._told = ui.label().classes("digits-soft digits-number")
            self._bar = Bar(f"Progress of dataset {job.dataset}")
            self._problems = ui.element("div").classes("digits-full")
            with ui.element("div").classes("digits-row"):
                self._stop = ui.button("Stop", on_click=self._abort).props("outline no-caps color=negative")
                self._again = ui.button("Change the request", on_click=self._change).props("unelevated no-caps")
        self._timer = ui.timer(_LOOK_S, self._look)
        self._show(job)

    async def _look(self) -> None:
        jobs = await aside(self._web.jobs)
        view = next((job for job in jobs if job.job == self._job.job), None)
        if view is None or view.state == "done":
            self._timer.deactivate()
            ui.navigate.reload()
        else:
            self._show(view)

    def _show(self, view: JobView) -> None:
        self._job, ended = view, view.state in _OVER
        self._state.text = view.state
        self._state.props["data-state"] = view.state
        total = f" of {view.total_steps:,}" if view.total_steps else ""
        left = f", {duration(view.seconds_left)} left" if view.seconds_left else ""
        self._told.text = view.waits_for or f"{view.step:,}{total} pictures{left}"
        unknown = 0.0 if ended or view.state == "queued" else None
        self._bar.show(100 * view.step / view.total_steps if view.total_steps else unknown)
        self._stop.set_visibility(not ended and person().may_change(view.owner))
        self._again.set_visibility(ended and person().may(Role.EDITOR))
        self._timer.active = not ended
        if view.error is not None:
            self._problems.clear()
            with self._problems:
                list_problems(problems_of(view))

    async def _abort(self) -> None:
        job = self._job
        await change(self._web, "abort job", job.job, job.owner, lambda: self._web.digits.abort(job.job))

    async def _change(self) -> None:
        asked = await aside(self._web.digits.job_request, self._job.job)
        ui.navigate.to(f"/datasets/new{question({'asked': json.dumps(asked)})}")
