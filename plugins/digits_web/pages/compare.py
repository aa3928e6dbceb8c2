"""Compare: curves of several jobs over each other, and in what they differ."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nicegui import run, ui

from digits_core.errors import DigitsError
from digits_core.service.views.history import Point, SeriesView
from digits_core.service.views.jobs import JobView
from digits_core.service.views.plan import ResultView
from digits_web.modelling.fields import label_of
from digits_web.modelling.groups import grouped
from digits_web.parts.comparison_table import Compared, comparison_table
from digits_web.parts.curves import CurvesChart
from digits_web.parts.empty import nothing_yet
from digits_web.parts.errors import list_problems
from digits_web.parts.frame import PATIENCE_S, frame, section
from digits_web.parts.live import live
from digits_web.parts.smoothing import Curve
from digits_web.web import Web

#: Seconds between two looks at jobs that run.
LOOK_S = 3.0
#: Jobs that are offered for choosing; others are found on the home page.
MOST_OFFERED = 300
#: Points of a curve.
POINTS = 500
#: Title of a chart, what its axis is called, whether it is a share, and where its curve is.
CHARTS: tuple[tuple[str, str, bool, Callable[[SeriesView], Sequence[Point]]], ...] = (
    ("Loss in validation", "loss", False, lambda series: series.val.get("loss", ())),
    ("Accuracy in validation", "accuracy", True, lambda series: series.val.get("accuracy", ())),
    ("Loss in training", "loss", False, lambda series: series.train.get("loss", ())),
    ("Learning rate", "rate", False, lambda series: series.learning_rate),
)

_SPLITS = {"train": "training", "val": "validation"}
_MEASURED = {"top5": "Among the first five"}
_TOLD = {
    "epoch": "Epochs done",
    "images_per_second": "Pictures per second",
    "first_step_s": "Seconds to the first step",
    "learning_rate": "Learning rate",
}


def add(web: Web) -> None:
    """Register the page."""

    @ui.page("/compare", response_timeout=PATIENCE_S)
    async def compare(jobs: str = "") -> None:
        asked = tuple(filter(None, dict.fromkeys(jobs.split(","))))
        known = {job.job: job for job in await run.io_bound(web.jobs) if job.kind == "train"}
        with frame("Compare"):
            if not known:
                advice = "Train at least two networks; then their curves and settings can be laid over each other."
                nothing_yet("stacked_line_chart", "No jobs to compare yet", advice, "New model", "/jobs/new")
                return
            _choice(asked, known)
            if asked:
                await _compared(web, asked)
            else:
                advice = "Choose jobs above, or tick them on the home page and press Compare."
                nothing_yet("stacked_line_chart", "No jobs are chosen", advice, "Home", "/")


def _choice(asked: Sequence[str], known: dict[str, JobView]) -> None:
    newest = sorted(known.values(), key=lambda job: job.created, reverse=True)[:MOST_OFFERED]
    offered = {job.job: f"{job.name} · {job.network} · {job.backend}" for job in newest}
    options = {**{id: id for id in asked}, **offered}
    choice = ui.select(options, value=list(asked), multiple=True, with_input=True, label="Jobs")
    choice.props("outlined dense use-chips options-dense").classes("digits-full")
    # Not at every click: who chooses four jobs wants one page.
    choice.on("popup-hide", lambda: _lead(asked, choice.value))
    choice.on("remove", lambda: _lead(asked, choice.value))


def _lead(asked: Sequence[str], chosen: Sequence[str]) -> None:
    if list(chosen) != list(asked):
        ui.navigate.to(f"/compare?jobs={','.join(chosen)}" if chosen else "/compare")


async def _compared(web: Web, ids: Sequence[str]) -> None:
    try:
        found = await run.io_bound(web.digits.compare, ids)
    except DigitsError as error:
        list_problems(error)
        return
    await live(LOOK_S, lambda: _series(web, ids), _Charts().show)
    names = [job.job for job in found.jobs]
    results = [_result(row) for row in found.results]
    _table("Results", names, {"": results} if results else {})
    differing = grouped((row.key, Compared(label_of(row.key), row.key, row.values)) for row in found.differing)
    rows = {heading: [compared for _, compared in rows] for heading, rows in differing.items()}
    _table("Differences in what was asked for", names, rows)


def _result(row: ResultView) -> Compared:
    share = row.key.endswith(("accuracy", "top5"))
    return Compared(result_title(row.key), "", row.values, row.best, share=share)


def result_title(key: str) -> str:
    """A result in words.

    >>> result_title("best val/accuracy"), result_title("train/loss"), result_title("images_per_second")
    ('Accuracy (validation), best', 'Loss (training)', 'Pictures per second')
    """
    best, name = key.startswith("best "), key.removeprefix("best ")
    where, _, what = name.partition("/")
    words = (
        f"{_MEASURED.get(what, what.capitalize())} ({_SPLITS[where]})" if where in _SPLITS else _TOLD.get(name, name)
    )
    return f"{words}, best" if best else words


def _table(title: str, jobs: Sequence[str], groups: Mapping[str, Sequence[Compared]]) -> None:
    with ui.element("section").classes("digits-card digits-scroll"):
        section(title)
        comparison_table(title, jobs, groups)


def _series(web: Web, ids: Sequence[str]) -> dict[str, SeriesView]:
    found = {}
    for id in ids:
        with contextlib.suppress(DigitsError):  # It may be deleted while the page is open.
            found[id] = web.digits.series(id, points=POINTS)
    return found


class _Charts:
    """A chart for everything that was measured, with a curve for every job."""

    def __init__(self) -> None:
        self._series: dict[str, SeriesView] = {}
        self._by_step = False
        with ui.element("div").classes("digits-row"):
            ui.label("Over").classes("digits-soft")
            toggle = ui.toggle({False: "Epochs", True: "Steps"}, value=False, on_change=self._turn)
            toggle.props('no-caps unelevated padding="2px 12px" aria-label="What is counted from left to right"')
        with ui.element("div").classes("digits-pairs"):
            self._charts = [self._chart(title, name, share) for title, name, share, _curve in CHARTS]

    def show(self, series: dict[str, SeriesView]) -> None:
        """Draw the curves of these jobs."""
        self._series = series
        for (*_, points), (card, chart) in zip(CHARTS, self._charts, strict=True):
            curves = [self._curve(id, points(view)) for id, view in series.items() if points(view)]
            chart.show(curves)
            if card.visible != bool(curves):
                card.set_visibility(bool(curves))

    def _chart(self, title: str, name: str, share: bool) -> tuple[ui.element, CurvesChart]:
        with ui.element("section").classes("digits-card") as card:
            file_name = title.lower().replace(" ", "-")
            return card, CurvesChart(title, x_name="epoch", left=name, share=share, file_name=file_name, height="17rem")

    def _curve(self, name: str, points: Sequence[Point]) -> Curve:
        return Curve(name, tuple((float(step if self._by_step else epoch), value) for step, epoch, value in points))

    def _turn(self, event: Any) -> None:
        self._by_step = bool(event.value)
        self.show(self._series)
