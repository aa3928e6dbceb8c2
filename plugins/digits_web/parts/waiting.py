"""How far a job is whose result a page waits for."""

from __future__ import annotations

from urllib.parse import quote

from nicegui import ui

from digits_core.service.views.jobs import JobView
from digits_web.parts.errors import list_problems
from digits_web.parts.job_facts import ACTIVE, problems_of, progress, work_done
from digits_web.parts.sparkline import Bar


class Waiting:
    """A job, the way to it and how far it is; nothing is shown where there is none, or once it is done.

    Args:
        label: What is waited for.
    """

    def __init__(self, label: str) -> None:
        self._failed = ""
        with ui.element("div").classes("digits-full digits-waiting").props("role=status") as self.element:
            with ui.element("div").classes("digits-spread"):
                self._far = ui.label().classes("digits-soft")
                self._link = ui.link(target="/").classes("digits-small")
            self._bar = Bar(label)
            self._problems = ui.element("div").classes("digits-full")
        self.element.visible = False

    def show(self, view: JobView | None) -> None:
        """Show how far a job is."""
        self.element.visible = view is not None and view.state != "done"
        if view is None or view.state == "done":
            return
        waits = f", {view.waits_for}" if view.waits_for and view.state == "queued" else ""
        self._far.text = f"{work_done(view)}{waits}"
        self._link.text, self._link.props["href"] = view.job, f"/jobs/{quote(view.job)}"
        self._bar.visible = view.state in ("queued", *ACTIVE)
        self._bar.show(progress(view) if view.total_steps else 0.0 if view.state == "queued" else None)
        self._tell(view)

    def _tell(self, view: JobView) -> None:
        failed = view.job if view.error else ""
        if failed != self._failed:
            self._failed = failed
            self._problems.clear()
            if failed:
                with self._problems:
                    list_problems(problems_of(view))
