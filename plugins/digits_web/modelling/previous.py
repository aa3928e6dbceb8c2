"""Networks of earlier jobs, without their weights."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from digits_web.modelling.desk import Desk
from digits_web.parts.aside import aside
from digits_web.parts.empty import nothing_yet
from digits_web.parts.errors import problems_shown


class PreviousTab:
    """The network of a job, to be trained anew.

    Args:
        desk: The draft.
        jobs: Jobs by id, each with what it trained.
        customize: Is called when somebody wants to change the network's text.
    """

    def __init__(self, desk: Desk, jobs: dict[str, str], customize: Callable[[], object]) -> None:
        self._desk = desk
        if not jobs:
            nothing_yet("history", "No job has trained yet", "Choose a standard network for the first one.")
            return
        chosen = desk.draft.previous if desk.draft.previous in jobs else None
        choose = ui.select(
            jobs, label="Job", value=chosen, with_input=True, on_change=lambda event: self._pick(event.value)
        )
        choose.props("dense outlined options-dense").classes("digits-full")
        with ui.element("div").classes("digits-row"):
            ui.button("Customise", icon="edit", on_click=customize).props("outline no-caps")
            ui.label("Takes the network alone; its weights are under Pretrained.").classes("digits-soft digits-small")

    async def _pick(self, job: str | None) -> None:
        if job:
            with problems_shown():
                text = await aside(self._desk.web.digits.network_of_job, job)
                self._desk.draft.previous, self._desk.draft.previous_text = job, text
                self._desk.changed()
