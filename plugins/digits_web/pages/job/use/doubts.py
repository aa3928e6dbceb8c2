"""Pictures of the dataset that the model doubts: wrong labels, confident mistakes, duplicates, unsure ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from digits_core.service.views.mining import ErrorsView, FindingView
from digits_core.spec.dataset import SPLITS
from digits_web.access.person import Role
from digits_web.pages.job.use.awaited import Awaited
from digits_web.pages.job.use.mend import Doubted, Mending
from digits_web.pages.job.use.used import Used
from digits_web.parts.numbers import percent
from digits_web.parts.person import allow, person

#: Reasons as they are told, and what they mean.
REASONS = {
    "label": ("Wrong labels", "The model is sure that they are of another class."),
    "mistake": ("Confident mistakes", "Taken for another class, the surest first."),
    "duplicate": ("Duplicates", "The same picture is in two splits: scores on it say nothing."),
    "unsure": ("Unsure", "The model cannot decide; more pictures like these would teach it most."),
}
#: Pictures for each reason that are looked for at most, and those that are shown at first and more with each click.
MOST, COUNT = 960, 48


async def build(used: Used) -> Callable[[], Awaitable[None]]:
    """The form, and what is found; returns what looks again."""
    shown = Doubts(used)
    await shown.awaited.look()
    return shown.awaited.look


class Doubts:
    """What is asked, and what was found."""

    def __init__(self, used: Used) -> None:
        self._used = used
        with ui.element("div").classes("digits-card digits-row"):
            self._split = ui.select(list(SPLITS), label="Pictures", value=_split_in(used)).props("dense outlined")
            self._split.style("min-width: 8rem")
            self._split.on_value_change(lambda event: used.address.put(split=event.value))
            self._twins = ui.switch("Compare splits for duplicates", value=True)
            button = ui.button("Look for errors", icon="flaky", on_click=self._ask).props("unelevated no-caps")
            allow(button, person().lacks(Role.EDITOR))
            ui.label("Finds labels that are likely wrong, and what else is worth a look in the dataset.").classes(
                "digits-soft digits-small"
            )
        self.awaited = Awaited(used, "errors", "Looking at the pictures", self._show)

    async def _ask(self) -> None:
        look = {"model": self._used.model, "split": self._split.value, **self._used.elsewhere}
        await self.awaited.submit({"look": look, "count": MOST, "duplicates": bool(self._twins.value)})

    def _show(self, found: ErrorsView) -> None:
        self._split.value = found.split
        _show(self._used, found)


def _split_in(used: Used) -> str:
    """The split that the address names."""
    split = used.address.get("split")
    return split if split in SPLITS else "val"


def _show(used: Used, found: ErrorsView) -> None:
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
        done: dict[str, str] = {}
        grids = {}
        for reason in present:
            with ui.tab_panel(reason), ui.element("div").classes("digits-stack"):
                ui.label(REASONS[reason][1]).classes("digits-soft")
                mine = [one for one in found.findings if one.reason == reason]
                grids[reason] = Mending(used, found.dataset, found.version, labels, done)
                _by_and_by(grids[reason], [Doubted.of_finding(one) for one in mine], found.found[reason])
                with ui.expansion("As a table", icon="table_rows").classes("digits-full"):
                    _table(mine)
    # A picture may be in several tabs.
    tabs.on_value_change(lambda event: grids[event.value].mark())


def _by_and_by(grid: Mending, pictures: list[Doubted], total: int) -> None:
    """Show the first pictures, how many there are, and more of them when asked."""
    with ui.element("div").classes("digits-row"):
        told = ui.label().classes("digits-soft").props("role=status")
        button = ui.button("Show more", icon="expand_more").props("flat no-caps")
    seen = 0

    def more() -> None:
        nonlocal seen
        seen = min(seen + COUNT, len(pictures))
        grid.show(pictures[:seen])
        told.text, told.visible = f"{seen:,} of {total:,}", seen < total
        button.visible = seen < len(pictures)

    button.on_click(more)
    more()


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
