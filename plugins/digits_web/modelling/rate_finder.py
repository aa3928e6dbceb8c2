"""A learning rate that is looked for before the job is made, with the draft as it stands."""

from __future__ import annotations

from functools import partial

from nicegui import ui

from digits_core.service.views.jobs import JobView, RateView
from digits_core.spec.job import JobSpec
from digits_core.spec.model import parse
from digits_core.spec.solver import SolverBase
from digits_web.access.person import Role
from digits_web.modelling.desk import Desk
from digits_web.outside import job_request
from digits_web.parts.aside import aside
from digits_web.parts.attempt import attempt, begin, change
from digits_web.parts.job_facts import STOPPABLE
from digits_web.parts.person import allow, person
from digits_web.parts.rate_curve import show_rate
from digits_web.parts.waiting import Waiting

#: Seconds between two looks at the job.
_LOOK_S = 1.0
_HINT = "A job trains for a moment with rates that rise from step to step. Go on meanwhile, or leave the page."


class RateFinder:
    """A button, how far the job is that looks for the rate, and what it has found.

    Args:
        desk: The draft; it remembers the job, so that a reload finds it again.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        with ui.element("div").classes("digits-stack"):
            with ui.element("div").classes("digits-row"):
                button = ui.button("Find a rate", icon="query_stats", on_click=self._ask).props("outline no-caps")
                allow(button, person().lacks(Role.EDITOR))
                ui.label(_HINT).classes("digits-soft digits-small").style("flex: 1 1 16rem")
            self._waiting = Waiting("Looking for a learning rate")
            self._stop = ui.button("Stop", icon="stop").props("flat no-caps color=negative")
            self._stop.on_click(self._abort).style("align-self: flex-start; width: auto")
            self._found = ui.element("div").classes("digits-stack").props("aria-live=polite")
        self._stop.visible = False
        self._view: JobView | None = None
        self._timer = ui.timer(_LOOK_S, self._look, active=bool(desk.draft.rate_job))

    async def _ask(self) -> None:
        web, draft = self._desk.web, self._desk.draft
        made = await begin(web, lambda: web.digits.submit_rate_search(job_request(web, draft.request())))
        if made is not None:
            draft.rate_job = made.job
            self._desk.changed()
            self._found.clear()
            self._timer.activate()

    async def _look(self) -> None:
        job = self._desk.draft.rate_job
        views = await aside(self._desk.web.jobs)
        view = next((one for one in views if one.job == job), None)
        self._view = view
        self._waiting.show(view)
        self._stop.visible = view is not None and view.state in STOPPABLE and person().may_change(view.owner)
        if view is None or view.state in ("done", "failed", "aborted"):
            self._timer.deactivate()
        if view is not None and view.state == "done":
            await self._show(view)

    async def _abort(self) -> None:
        web, view = self._desk.web, self._view
        if view is not None:
            await change(web, "abort job", view.job, view.owner, lambda: web.digits.abort(view.job))

    async def _show(self, view: JobView) -> None:
        found = await attempt(lambda: self._desk.web.digits.result(view.job))
        asked = await attempt(lambda: self._desk.web.digits.job_request(view.job))
        if not isinstance(found, RateView) or asked is None:
            return
        solver = parse(JobSpec, asked["job"]).solver
        self._found.clear()
        with self._found:
            with ui.element("div").classes("digits-row"):
                use = ui.button(f"Use {found.rate:g}", icon="check", on_click=partial(self._use, found.rate, solver))
                use.props("unelevated no-caps")
                told = f"Found for {view.asked}. The weight decay stays {solver.weight_decay:g}."
                ui.label(told).classes("digits-soft digits-small")
            show_rate(found)

    def _use(self, rate: float, solver: SolverBase) -> None:
        """Take the rate over; the weight decay stays as it was with the solver that it was found for."""
        draft = self._desk.draft
        draft.rates = f"{rate:g}"
        if draft.values.get("solver.name", "sgd") == solver.name:
            draft.set("solver.decay", solver.weight_decay)
        self._desk.redraw()
