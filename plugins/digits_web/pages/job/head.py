"""Name, state and what can be done with a job."""

from __future__ import annotations

from functools import partial

from nicegui import ui
from nicegui.element import Element

from digits_core.service.views.jobs import JobView
from digits_web.access.person import Role
from digits_web.pages.job import dialogs
from digits_web.pages.job.live import CLOSED, Live
from digits_web.parts.job_facts import STOPPABLE
from digits_web.parts.person import allow, person

#: What can be asked of a job, and in which states; the rest is for any.
_WHILE = {
    "pause": ("running",),
    "resume": ("paused", "failed"),
    "abort": STOPPABLE,
    "discard": CLOSED,
}


def head(live: Live, heading: Element, content: Element) -> Element:
    """Fill the heading of the page, and say under it what the job is about.

    Args:
        live: The job.
        heading: The row of the heading.
        content: All that is shown of the job; gives way when the job is discarded.

    Returns:
        The row of what can be done with it.
    """
    with heading, ui.element("div").classes("digits-row") as deeds:
        state = ui.label().classes("digits-state")
        buttons = {
            "pause": _button("pause", "Pause", partial(_pause, live)),
            "resume": _button("play_arrow", "Resume", partial(dialogs.resume, live)),
            "abort": _button("stop", "Abort", partial(dialogs.abort, live)),
        }
        if live.view.kind == "train":
            clone = _button("content_copy", "Clone", lambda: ui.navigate.to(f"/jobs/new?clone={live.id}"))
            allow(clone, person().lacks(Role.EDITOR))
        buttons["edit"] = _button("edit", "Edit", partial(dialogs.describe, live))
        buttons["discard"] = _button("delete", "Discard", partial(dialogs.discard, live, content, deeds))
    about, asked = ui.element("div").classes("digits-row"), person()

    def show(view: JobView) -> None:
        state.text = view.state
        state.props["data-state"] = view.state
        for name, button in buttons.items():
            fits = view.state in _WHILE.get(name, (view.state,)) and (name != "pause" or view.kind == "train")
            button.visible = fits
            allow(button, asked.refusal(view.owner))

    live.follow(show)
    live.follow(partial(_about, about))
    return deeds


def _button(icon: str, label: str, action: object) -> ui.button:
    button = ui.button(label, icon=icon, on_click=action)  # type: ignore[arg-type]
    return button.props("flat no-caps no-wrap dense padding='xs sm'")


def _about(row: Element, view: JobView) -> None:
    row.clear()
    with row:
        for tag in view.tags or ():
            ui.label(tag).classes("digits-tag")
        if view.owner:
            ui.label(f"by {view.owner}").classes("digits-soft digits-small")
        if view.description:
            ui.label(view.description).classes("digits-soft").style("white-space: pre-line")
    row.visible = bool(view.tags or view.owner or view.description)


async def _pause(live: Live) -> None:
    if await live.change("pause", lambda: live.digits.pause(live.id)):
        ui.notify("It saves a snapshot and pauses.")
