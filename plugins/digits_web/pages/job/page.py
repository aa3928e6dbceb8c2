"""The address of a job, and the tabs that its kind has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from fastapi import Request
from nicegui import ui

from digits_core.errors import DigitsError
from digits_web.pages.job import charts, dialogs, snapshots, standing, take, task, told
from digits_web.pages.job.head import head
from digits_web.pages.job.live import Live
from digits_web.pages.job.style import add_style
from digits_web.pages.job.use import use
from digits_web.parts.aside import aside
from digits_web.parts.errors import list_problems
from digits_web.parts.frame import frame
from digits_web.parts.tabs import Address, Part, Tabs
from digits_web.parts.trashed import find_trashed, trashed_card
from digits_web.web import Web

#: Seconds between two looks at a job.
LOOK_S = 1.0


def add(web: Web) -> None:
    """Register the page; after that of new jobs, whose address would fit this one too."""

    @ui.page("/jobs/{job}")
    async def job_page(job: str, request: Request) -> None:
        try:
            view = await aside(web.digits.job, job)
        except DigitsError as error:
            await _absent(web, job, error)
            return
        add_style()
        live, address = Live(web, view), Address(dict(request.query_params))
        with frame(view.name) as heading:
            with ui.element("div").classes("digits-stack") as content:
                deeds = head(live, heading, content)
                tabs = Tabs(address, "tab", _parts(live, address))
                await tabs.start()
        ui.timer(LOOK_S, partial(_look, live, tabs, partial(dialogs.show_gone, live, content, deeds)))


async def _absent(web: Web, job: str, error: DigitsError) -> None:
    """What is shown where there is no job: whether it is in the trash."""
    found = await find_trashed(web, "job", job)
    with frame(job if found else "No such job"):
        if found is not None:
            trashed_card(web, found, job)
            return
        list_problems(error)
        ui.link("All jobs", "/")


async def _look(live: Live, tabs: Tabs, show_gone: Callable[[], Awaitable[None]]) -> None:
    await live.look()
    if live.gone:
        await show_gone()
    elif not live.gone_told:
        # Between the two looks it may go.
        with suppress(DigitsError):
            await tabs.refresh()


def _parts(live: Live, address: Address) -> list[Part]:
    log = Part("log", "Log and events", "article", partial(told.build, live))
    if live.view.kind != "train":
        return [Part("task", "Job", "task_alt", partial(task.build, live)), log]
    return [
        Part("training", "Training", "show_chart", partial(_training, live)),
        Part("devices", "Devices", "memory", partial(charts.build_devices, live)),
        Part("snapshots", "Snapshots", "photo_library", partial(snapshots.build, live)),
        log,
        Part("use", "Use", "image_search", partial(use.build, live, address)),
        Part("take", "Take away", "download", partial(take.build, live, address)),
    ]


async def _training(live: Live) -> Callable[[], Awaitable[None]] | None:
    standing.build(live)
    look = await charts.build_curves(live)
    standing.facts(live)
    return look
