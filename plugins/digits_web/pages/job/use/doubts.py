"""Pictures of the dataset that the model doubts: wrong labels, confident mistakes, duplicates, unsure ones."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from digits_core.service.views.mining import ErrorsView, FindingView
from digits_core.spec.dataset import SPLITS
from digits_web.pages.job.use.mend import Doubted, Mending
from digits_web.pages.job.use.used import Used
from digits_web.parts.attempt import attempt
from digits_web.parts.numbers import percent
from digits_web.parts.waiting import Waiting

#: Reasons as they are told, and what they mean.
REASONS = {
    "label": ("Wrong labels", "The model is sure that they are of another class."),
    "mistake": ("Confident mistakes", "Taken for another class, the surest first."),
    "duplicate": ("Duplicates", "The same picture is in two splits: scores on it say nothing."),
    "unsure": ("Unsure", "The model cannot decide; more pictures like these would teach it most."),
}
#: Most pictures for each reason.
COUNT = 48


async def build(used: Used) -> None:
    """The form, and what is found."""
    Doubts(used)


class Doubts:
    """What was asked, and what was found."""

    def __init__(self, used: Used) -> None:
        self._used = used
        with ui.element("div").classes("digits-card digits-row"):
            self._split = ui.select(list(SPLITS), label="Pictures", value="val").props("dense outlined")
            self._split.style("min-width: 8rem")
            self._twins = ui.switch("Compare splits for duplicates", value=True)
            self._button = ui.button("Look for errors", icon="flaky", on_click=self._look).props("unelevated no-caps")
        self._waiting = ui.element("div").classes("digits-full")
        self._result = ui.element("div").classes("digits-stack")
        with self._result:
            ui.label("Finds labels that are likely wrong, and what else is worth a look in the dataset.").classes(
                "digits-soft"
            )

    async def _look(self) -> None:
        digits = self._used.digits
        request: dict[str, Any] = {"model": self._used.model, "split": self._split.value}
        with self._waiting:
            waiting = Waiting("Looking at the pictures")
        self._button.disable()
        twins = bool(self._twins.value)
        found = await attempt(lambda: digits.errors(request, count=COUNT, duplicates=twins, progress=waiting))
        waiting.close()
        self._button.enable()
        if found is not None:
            self._result.clear()
            with self._result:
                _found(self._used, found)


def _found(used: Used, found: ErrorsView) -> None:
    ui.label(
        f"{found.samples:,} {found.split} pictures of {found.dataset}@{found.version}: {percent(found.accuracy, 2)} "
        f"are taken for what they are labelled, and about {percent(found.noise)} of the labels may be wrong."
    )
    for note in found.notes:
        ui.label(note).classes("digits-soft")
    labels = sorted({one.label for one in found.findings} | {one.predicted for one in found.findings})
    present = [reason for reason in REASONS if found.found.get(reason)]
    if not present:
        ui.label("It doubts none of them.").classes("digits-soft")
        return
    with ui.tabs(value=present[0]).props("align=left no-caps dense outside-arrows mobile-arrows") as tabs:
        for reason in present:
            ui.tab(reason, f"{REASONS[reason][0]} ({found.found[reason]:,})")
    with ui.tab_panels(tabs, value=present[0], animated=False).classes("digits-panels"):
        for reason in present:
            with ui.tab_panel(reason), ui.element("div").classes("digits-stack"):
                ui.label(REASONS[reason][1]).classes("digits-soft")
                mine = [one for one in found.findings if one.reason == reason]
                Mending(used, found.dataset, found.version, labels).show([Doubted.of_finding(one) for one in mine])
                with ui.expansion("As a table", icon="table_rows").classes("digits-full"):
                    _table(mine)


def _table(findings: list[FindingView]) -> None:
    names = (
        "split",
        "key",
        "label",
        "to",
        "predicted",
        "probability",
        "margin",
        "entropy",
        "other",
    )
    columns = [
        {"name": name, "label": name.replace("_", " ").capitalize(), "field": name, "sortable": True, "align": "left"}
        for name in names
    ]
    rows = [{"row": n, **{name: _cell(getattr(one, name)) for name in names}} for n, one in enumerate(findings)]
    ui.table(columns=columns, rows=rows, row_key="row", pagination=25).classes("digits-table digits-full")


def _cell(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
