"""Score the model by a job, and see which pictures it confuses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from digits_core.service.views.evaluation import EvaluationView
from digits_core.service.views.jobs import JobView
from digits_core.spec.dataset import SPLITS
from digits_web.pages.job.live import CLOSED
from digits_web.pages.job.use.matrix import confusion_matrix
from digits_web.pages.job.use.mend import Doubted, Mending, pages
from digits_web.pages.job.use.used import Used
from digits_web.parts.aside import aside
from digits_web.parts.attempt import attempt, begin
from digits_web.parts.frame import section
from digits_web.parts.numbers import percent
from digits_web.parts.sparkline import Bar

#: Pictures on a page of those of a cell.
COUNT = 48


async def build(used: Used) -> Callable[[], Awaitable[None]]:
    """The form, the evaluations that there are, and what the chosen one found; returns what looks again."""
    shown = Evaluations(used)
    await shown.look()
    return shown.look


class Evaluations:
    """Jobs that score this one's model, and the one that is looked at."""

    def __init__(self, used: Used) -> None:
        self._used, self._found = used, ""
        self._jobs: dict[str, JobView] = {}
        with ui.element("div").classes("digits-card digits-row"):
            self._own = used.own.partition("@")[0]
            self._dataset = ui.select([self._own], label="Dataset", value=self._own)
            self._dataset.props("dense outlined").style("min-width: 12rem")
            # Where there is none of its own, one is chosen for everything that the model looks at.
            self._dataset.visible = bool(self._own)
            self._split = ui.select(list(SPLITS), label="Pictures", value="val").props("dense outlined")
            self._split.style("min-width: 8rem")
            ui.button("Evaluate", icon="grid_on", on_click=self._submit).props("unelevated no-caps")
            ui.element("div").style("flex: 1")
            self._choice = ui.select({}, label="Evaluation", on_change=self._chosen).props("dense outlined")
            self._choice.style("min-width: 18rem")
        self._progress = ui.element("div").classes("digits-card digits-stack").props("role=status")
        with self._progress:
            self._far, self._bar = ui.label(), Bar("Evaluation")
        self._result = ui.element("div").classes("digits-stack")
        self._progress.visible = False
        if self._own:
            ui.timer(0, self._offer_datasets, once=True)

    async def look(self) -> None:
        """See which evaluations there are and how far the chosen one is."""
        views = await aside(self._used.web.jobs)
        own = {one.job: one for one in views if one.kind == "evaluation" and self._used.is_of(one)}
        if {id: one.state for id, one in own.items()} != {id: one.state for id, one in self._jobs.items()}:
            self._offer(own)
        self._jobs = own
        if view := own.get(self._choice.value or ""):
            await self._show(view)

    def _offer(self, own: dict[str, JobView]) -> None:
        names = {id: f"{one.network} on {one.dataset}, {one.state}" for id, one in reversed(own.items())}
        wanted = self._used.address.get("evaluation")
        self._choice.set_options(names, value=wanted if wanted in names else next(iter(names), None))

    async def _offer_datasets(self) -> None:
        names = [one.name for one in await aside(self._used.digits.datasets)]
        self._dataset.set_options(names or [self._own])

    async def _submit(self) -> None:
        digits, model = self._used.digits, self._used.model
        asked: dict[str, Any] = {"split": self._split.value, **self._used.elsewhere}
        if self._own and self._dataset.value != self._own:
            asked["dataset"] = self._dataset.value
        made = await begin(self._used.web, lambda: digits.submit_evaluation(model, **asked))
        if made is not None:
            self._used.address.put(evaluation=made.job)
            self._choice.value = None
            self._jobs = {}
            await self.look()

    async def _chosen(self, event: Any) -> None:
        if event.value:
            self._used.address.put(evaluation=event.value)
            if view := self._jobs.get(event.value):
                await self._show(view)

    async def _show(self, view: JobView) -> None:
        self._progress.visible = view.state not in ("done",)
        self._far.text = f"{view.state.capitalize()}: {view.step:,} of {view.total_steps or 0:,} pictures"
        if view.state in CLOSED and view.error:
            self._far.text = f"{view.error.message} {view.error.hint}"
        self._bar.show(100 * view.step / view.total_steps if view.total_steps else 0)
        if self._found == view.job:
            return
        self._result.clear()
        if view.state != "done":
            return
        # Said before it is asked for: a look and a choice may come at once.
        self._found = view.job
        found = await attempt(lambda: self._used.digits.evaluation(view.job))
        if found and self._found == view.job:
            self._result.clear()
            with self._result:
                Found(self._used, found)


class Found:
    """What an evaluation found, and the pictures of the cell that was clicked."""

    def __init__(self, used: Used, found: EvaluationView) -> None:
        self._used, self._found, self._cell = used, found, ("", "")
        _scores(found)
        with ui.element("div").classes("digits-card digits-stack"):
            section("Confusion matrix")
            ui.label("Click a cell to see its pictures, and give them their right class.").classes("digits-soft")
            confusion_matrix(found, self.open)
            _confusions(found, self.open)
        self._pictures = ui.element("div").classes("digits-card digits-stack").props("id=cell")
        self._pictures.visible = False
        with self._pictures:
            self._title = section("")
            self._mending = Mending(used, found.dataset, found.version, found.labels)
            self._pages = ui.element("div")
        with ui.expansion("Scores of each class", icon="table_rows").classes("digits-card digits-full"):
            _per_class(found)

    async def open(self, truth: str, taken: str) -> None:
        """Show the pictures of a cell."""
        self._cell = (truth, taken)
        await self._page(0)
        ui.run_javascript(f"getElement({self._pictures.id}).scrollIntoView({{block: 'start', behavior: 'smooth'}})")

    async def _page(self, page: int) -> None:
        (truth, taken), digits, job = self._cell, self._used.digits, self._found.job
        seen = await attempt(lambda: digits.confused(job, truth=truth, taken=taken, page=page, count=COUNT))
        if seen is None:
            return
        words = "right" if truth == taken else f"taken for {taken}"
        self._title.text = f"{seen.total:,} of {truth}, {words}"
        self._pictures.visible = True
        self._mending.show([Doubted.of_guess(one) for one in seen.pictures])
        pages(self._pages, seen.total, page, COUNT, self._page)


def _scores(found: EvaluationView) -> None:
    low, high = found.accuracy_interval
    numbers = (
        (
            percent(found.accuracy, 2),
            f"accuracy ({percent(found.confidence, 0)} interval: {percent(low)} to {percent(high)})",
        ),
        *([(percent(found.top5, 2), "top 5")] if found.tells_top5 else []),
        (f"{found.loss:.4g}", "loss"),
        (percent(found.macro.f1, 2), "mean F1"),
        (percent(found.calibration.error, 2), "calibration error"),
        (f"{found.samples:,}", f"{found.split} pictures of {found.dataset}"),
    )
    with ui.element("div").classes("digits-numbers"):
        for value, name in numbers:
            with ui.element("div").classes("digits-figure"):
                ui.label(value).classes("digits-figure-value")
                ui.label(name).classes("digits-soft digits-small")
    ui.label(
        f"Interval: {percent(found.confidence, 0)} of such intervals contain the accuracy on all pictures of the kind. "
        "Calibration error: how far the model's probabilities are from how often it is right, on average."
    ).classes("digits-soft digits-small")


def confusions(found: EvaluationView, most: int = 12) -> list[tuple[str, str, int]]:
    """The most frequent confusions: true class, the one that was taken, and how often."""
    every = [
        (found.labels[row], found.labels[column], count)
        for row, counts in enumerate(found.confusion)
        for column, count in enumerate(counts)
        if count and row != column
    ]
    return sorted(every, key=lambda one: -one[2])[:most]


def _confusions(found: EvaluationView, chosen: Callable[[str, str], Awaitable[None]]) -> None:
    """The same for keyboards: a button for each of the most frequent."""
    with ui.element("div").classes("digits-row").props('role=group aria-label="Most frequent confusions"'):
        for truth, taken, count in confusions(found):
            ui.button(
                f"{truth} → {taken} ({count:,})", on_click=lambda truth=truth, taken=taken: chosen(truth, taken)
            ).props("outline no-caps dense padding='xs sm'")


def _per_class(found: EvaluationView) -> None:
    names = ("label", "precision", "recall", "f1", "support")
    columns = [
        {
            "name": name,
            "label": name.capitalize(),
            "field": name,
            "sortable": True,
            "align": "left",
        }
        for n, name in enumerate(names)
    ]
    rows = [
        {name: round(value, 4) if isinstance(value := getattr(one, name), float) else value for name in names}
        for one in found.per_class
    ]
    ui.table(columns=columns, rows=rows, row_key="label", pagination=25).classes("digits-table digits-full")
