"""Home: what computes here, what runs, and everything that there is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal, NamedTuple

from fastapi import Request
from nicegui import ui

from digits_core.errors import DigitsError
from digits_core.service.views.jobs import JobView
from digits_web.catalogue import datasets, jobs
from digits_web.catalogue.bulk import Bulk
from digits_web.catalogue.selection import Query
from digits_web.catalogue.table import CatalogueTable, Shelf
from digits_web.parts.aside import aside
from digits_web.parts.device_tiles import DeviceTiles
from digits_web.parts.empty import nothing_yet
from digits_web.parts.frame import PATIENCE_S, frame, section
from digits_web.parts.job_cards import JobCards
from digits_web.parts.job_facts import ACTIVE
from digits_web.parts.live import live
from digits_web.web import Web

#: Seconds between two looks at what is busy.
LOOK_S = 1.0
#: Most jobs that are shown as cards; the others are in the table.
MOST_CARDS = 12
#: Points of a sparkline.
POINTS = 60
Tab = Literal["jobs", "datasets"]
JOB_ORDERS = {
    "-created": "Newest first",
    "created": "Oldest first",
    "-accuracy": "Best accuracy",
    "loss": "Lowest loss at best",
    "name": "Name",
    "state": "State",
    "network": "Network",
    "dataset": "Dataset",
}
DATASET_ORDERS = {
    "-created": "Newest first",
    "created": "Oldest first",
    "name": "Name",
    "-pictures": "Most pictures",
    "-classes": "Most classes",
}


def add(web: Web) -> None:
    """Register the page."""

    @ui.page("/", response_timeout=PATIENCE_S)
    async def home(request: Request, tab: Tab = "jobs") -> None:
        with frame("Home") as heading:
            with heading:
                buttons = (
                    _leads("New dataset", "add_photo_alternate", "/datasets/new"),
                    _leads("New model", "model_training", "/jobs/new"),
                )
                # Training takes a dataset.
                next_one = buttons[bool(await aside(web.datasets))]
                next_one.props(remove="outline").props("unelevated")
            section("Devices")
            await _devices(web)
            await _running(web)
            await _tables(web, tab, request.url.query)


def _leads(label: str, icon: str, address: str) -> ui.button:
    return ui.button(label, icon=icon, on_click=lambda: ui.navigate.to(address)).props("outline no-caps")


def _no_datasets() -> ui.element:
    advice = (
        "Begin with pictures: a folder with a folder for every class, a list of files or a zip becomes a dataset. "
        "To see everything at once with packaged pictures, run digits demo in a terminal."
    )
    return nothing_yet("photo_library", "No datasets yet", advice, "New dataset", "/datasets/new")


def _no_jobs() -> ui.element:
    advice = "Train a network on a dataset; its curves, snapshots and models are then found here."
    return nothing_yet("model_training", "No jobs yet", advice, "New model", "/jobs/new")


async def _devices(web: Web) -> None:
    await live(LOOK_S, web.devices, DeviceTiles().show)


async def _running(web: Web) -> None:
    with ui.element("div").classes("digits-page") as place:
        title = section("Running")
        cards = JobCards()

    def show(busy: _Busy) -> None:
        cards.show(busy.shown, busy.losses)
        text = f"Running and waiting · {busy.count}"
        if title.text != text:
            title.text = text
        if place.visible != bool(busy.count):
            place.set_visibility(bool(busy.count))

    await live(LOOK_S, lambda: _busy(web), show)


class _Busy(NamedTuple):
    """What runs and waits: how much of it, the first of them, and their losses."""

    count: int
    shown: Sequence[JobView]
    losses: dict[str, list[float]]


def _busy(web: Web) -> _Busy:
    busy = [job for job in web.jobs() if job.state in (*ACTIVE, "queued")]
    busy.sort(key=lambda job: (job.state == "queued", job.queue_position or 0, job.created))
    shown = busy[:MOST_CARDS]
    return _Busy(len(busy), shown, _losses(web, shown))


def _losses(web: Web, shown: Sequence[JobView]) -> dict[str, list[float]]:
    """The training loss of each job that runs."""
    found = {}
    for job in shown:
        if job.kind == "train" and job.state in ACTIVE:
            try:
                curves = web.digits.series(job.job, points=POINTS).train
            except DigitsError:
                continue  # It has been deleted meanwhile.
            found[job.job] = [value for _step, _epoch, value in curves.get("loss", ())]
    return found


async def _tables(web: Web, tab: Tab, asked: str) -> None:
    bulk = Bulk(web)
    if not asked and not await aside(web.jobs) and not await aside(web.datasets):
        tab = "datasets"
    with ui.tabs(value=tab).props("no-caps align=left inline-label").classes("digits-tabs") as tabs:
        ui.tab("jobs", "Jobs", icon="model_training")
        ui.tab("datasets", "Datasets", icon="photo_library")
    with ui.tab_panels(tabs, value=tab).classes("digits-full digits-panels"):
        with ui.tab_panel("jobs"):
            bulk.jobs = all_jobs = await _table(_job_shelf(web, bulk), "jobs", asked if tab == "jobs" else "")
        with ui.tab_panel("datasets"):
            bulk.datasets = all_datasets = await _table(
                _dataset_shelf(web, bulk), "datasets", asked if tab == "datasets" else ""
            )
    tables = {"jobs": all_jobs, "datasets": all_datasets}
    tabs.on_value_change(lambda event: _remember(event.value, tables[event.value].query))


async def _table(shelf: Shelf, tab: Tab, asked: str) -> CatalogueTable:
    table = CatalogueTable(shelf, Query.of_address(asked, shelf.subject), partial(_remember, tab))
    await table.look_again()
    return table


def _remember(tab: Tab, query: Query) -> None:
    """Let the browser's address say what is shown."""
    words = "&".join(filter(None, ("" if tab == "jobs" else f"tab={tab}", query.to_address())))
    ui.navigate.history.replace(f"/?{words}" if words else "/")


def _job_shelf(web: Web, bulk: Bulk) -> Shelf[JobView]:
    return Shelf(
        name="jobs",
        subject=jobs.JOBS,
        look=web.jobs,
        row=jobs.row,
        columns=jobs.COLUMNS,
        cells=jobs.CELLS,
        orders=JOB_ORDERS,
        actions=(
            ("Compare", "stacked_line_chart", bulk.compare),
            ("Abort", "stop_circle", bulk.abort),
            ("Move to trash", "delete", bulk.discard_jobs),
        ),
        empty=_no_jobs,
    )


def _dataset_shelf(web: Web, bulk: Bulk) -> Shelf[datasets.DatasetRow]:
    return Shelf(
        name="datasets",
        subject=datasets.DATASETS,
        look=web.datasets,
        row=datasets.row,
        columns=datasets.COLUMNS,
        cells=datasets.CELLS,
        orders=DATASET_ORDERS,
        actions=(("Move to trash", "delete", bulk.discard_datasets),),
        empty=_no_datasets,
    )
