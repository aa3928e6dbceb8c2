"""Compare: curves of several jobs over each other, and in what they differ."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from digits_core.errors import DigitsError
from digits_core.service.views.history import Point, SeriesView
from digits_core.service.views.jobs import JobView
from digits_core.service.views.plan import DifferenceView, ResultView
from digits_web.modelling.fields import label_of
from digits_web.modelling.groups import grouped
from digits_web.parts.aside import aside
from digits_web.parts.comparison_table import Compared, Folded, comparison_table
from digits_web.parts.curves import CurvesChart
from digits_web.parts.empty import nothing_yet
from digits_web.parts.errors import list_problems
from digits_web.parts.frame import PATIENCE_S, frame, section
from digits_web.parts.job_cards import JobCards
from digits_web.parts.job_facts import OPEN, result_title
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

#: Headings over results.
_AT_BEST = "At the best snapshot, the one with the highest accuracy in validation"
_NEWEST = "Newest values"
_ALL_OF_IT = "The run"


def add(web: Web) -> None:
    """Register the page."""

    @ui.page("/compare", response_timeout=PATIENCE_S)
    async def compare(jobs: str = "") -> None:
        asked = tuple(filter(None, dict.fromkeys(jobs.split(","))))
        known = {job.job: job for job in await aside(web.jobs) if job.kind == "train"}
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
        found = await aside(web.digits.compare, ids)
    except DigitsError as error:
        list_problems(error)
        return
    await live(LOOK_S, lambda: _unfinished(web, ids), _Unfinished().show)
    await live(LOOK_S, lambda: _series(web, ids), _Charts().show)
    names = [job.job for job in found.jobs]
    await live(LOOK_S, lambda: _results(web, ids), _Results(names).show)
    differing = grouped(
        (row.key, Compared(label_of(row.key), row.key, asked_values(row, found.jobs))) for row in found.differing
    )
    rows = {heading: [compared for _, compared in rows] for heading, rows in differing.items()}
    with ui.element("section").classes("digits-card digits-scroll"):
        section("Differences in what was asked for")
        comparison_table("Differences in what was asked for", names, rows)


def asked_values(row: DifferenceView, jobs: Sequence[JobView]) -> list[Any]:
    """What each job was asked for; a network that came as text is told by its name, and its text is behind that."""
    return [
        Folded(job.network, value) if row.key == "network" and "\n" in str(value) else value
        for job, value in zip(jobs, row.values, strict=True)
    ]


def results_by_moment(rows: Sequence[ResultView]) -> dict[str, list[Compared]]:
    """Results by the moment that they are of."""
    found: dict[str, list[Compared]] = {name: [] for name in (_AT_BEST, _NEWEST, _ALL_OF_IT)}
    for row in rows:
        moment = _AT_BEST if row.key.startswith("best ") else _NEWEST if "/" in row.key else _ALL_OF_IT
        share = row.key.endswith(("accuracy", "top5"))
        found[moment].append(Compared(result_title(row.key), "", row.values, row.best, share=share))
    return {name: rows for name, rows in found.items() if rows}


def _results(web: Web, ids: Sequence[str]) -> dict[str, list[Compared]]:
    with contextlib.suppress(DigitsError):  # One may be deleted while the page is open.
        return results_by_moment(web.digits.compare(ids).results)
    return {}


class _Results:
    """What came of the jobs; made anew when it is something else."""

    def __init__(self, jobs: Sequence[str]) -> None:
        self._jobs = jobs
        self._shown: dict[str, list[Compared]] | None = None
        with ui.element("section").classes("digits-card digits-scroll"):
            section("Results")
            self._place = ui.element("div").classes("digits-full")

    def show(self, results: dict[str, list[Compared]]) -> None:
        """Show these, under the moments that they are of; where there are none any more, the last ones stay."""
        if results == self._shown or (self._shown and not results):
            return
        self._shown = results
        self._place.clear()
        with self._place:
            if any(key != _ALL_OF_IT for key in results):
                comparison_table("Results", self._jobs, results)
            else:
                ui.label("Nothing has been measured yet.").classes("digits-soft")


def _unfinished(web: Web, ids: Sequence[str]) -> list[JobView]:
    """Those of the jobs that may still bring something."""
    known = {job.job: job for job in web.jobs()}
    return [known[id] for id in ids if id in known and known[id].state in OPEN]


class _Unfinished:
    """How far jobs are, as long as they are not over."""

    def __init__(self) -> None:
        with ui.element("div").classes("digits-full") as self._place:
            self._cards = JobCards()

    def show(self, jobs: Sequence[JobView]) -> None:
        """Show these."""
        self._cards.show(jobs, {})
        if self._place.visible != bool(jobs):
            self._place.set_visibility(bool(jobs))


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
