"""Snapshots: what was measured at each, the best marked, and what can be done with one."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from nicegui import ui
from nicegui.events import GenericEventArguments

from digits_core.service.views.jobs import JobView
from digits_web.pages.job.live import Live
from digits_web.parts.empty import nothing_yet
from digits_web.parts.job_facts import result_title

_ACTIONS = r"""
<q-td :props="props">
  <q-btn outline dense no-caps color="primary" padding="xs sm" label="Use" @click="$parent.$emit('use', props.row.name)"
    :aria-label="'Use ' + props.row.name"/>
  <q-btn outline dense no-caps color="primary" padding="xs sm" label="Train from it" class="q-ml-sm"
    @click="$parent.$emit('train', props.row.name)"
    :aria-label="'Train from ' + props.row.name"/>
</q-td>"""
_NAME = r"""
<q-td :props="props"><span class="digits-mono">{{ props.row.name }}</span>
  <span v-if="props.row.best" class="digits-tag" style="margin-left: .5rem">best</span></q-td>"""


async def build(live: Live) -> None:
    """A table of them, the newest first; it follows the job."""
    empty = nothing_yet(
        "photo_library", "No snapshot yet", "One is kept after each epoch, or as often as was asked for."
    )
    table = ui.table(columns=[], rows=[], row_key="name", pagination=25).classes("digits-table digits-full")
    table.add_slot("body-cell-actions", _ACTIONS)
    table.add_slot("body-cell-name", _NAME)

    def use(event: GenericEventArguments) -> None:
        ui.navigate.to(f"/jobs/{live.id}?tab=use&snapshot={quote(str(event.args))}")

    def train(event: GenericEventArguments) -> None:
        ui.navigate.to(f"/jobs/new?dataset={quote(live.view.dataset)}&from={quote(f'{live.id}@{event.args}')}")

    table.on("use", use)
    table.on("train", train)

    def show(view: JobView) -> None:
        empty.visible, table.visible = not view.snapshots, bool(view.snapshots)
        table.columns, table.rows = columns(view), rows(view)
        table.update()

    live.follow(show)


def columns(view: JobView) -> list[dict[str, Any]]:
    """Columns for all that was measured."""
    metrics = dict.fromkeys(name for snapshot in view.snapshots for name in snapshot.metrics if view.tells(name))
    numbers = [("epoch", "Epoch"), ("step", "Step"), *((name, result_title(name)) for name in metrics)]
    return [
        {"name": "name", "label": "Snapshot", "field": "name", "align": "left", "sortable": True},
        {"name": "actions", "label": "", "field": "name", "align": "left"},
        *(
            {"name": name, "label": label, "field": name, "align": "right", "sortable": True, ":format": _format(name)}
            for name, label in numbers
        ),
    ]


def _format(name: str) -> str:
    """How a number of a column is written, in JavaScript: sorting needs it as a number."""
    told = "value.toLocaleString('en-US')"
    if name.endswith(("accuracy", "top5")):
        told = "(100 * value).toFixed(2) + ' %'"
    elif name.endswith("loss"):
        told = "Number(value.toPrecision(4)).toString()"
    return f"value => typeof value === 'number' ? {told} : value"


def rows(view: JobView) -> list[dict[str, Any]]:
    """A row for each, the newest first."""
    best = view.best.name if view.best else ""
    return [
        {
            "name": snapshot.name,
            "best": snapshot.name == best,
            "epoch": float(f"{snapshot.epoch:g}"),
            "step": snapshot.step,
            **snapshot.metrics,
        }
        for snapshot in reversed(view.snapshots)
    ]
