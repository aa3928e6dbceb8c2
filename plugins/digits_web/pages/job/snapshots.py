"""Snapshots: what was measured at each, the best marked, and what can be done with one."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from nicegui import ui
from nicegui.events import GenericEventArguments

from digits_core.service.views.jobs import JobView
from digits_web.pages.job.live import Live
from digits_web.parts.empty import nothing_yet

_ACTIONS = r"""
<q-td :props="props">
  <q-btn flat dense no-caps label="Use" @click="$parent.$emit('use', props.row.name)"
    :aria-label="'Use ' + props.row.name"/>
  <q-btn flat dense no-caps label="Train from it" @click="$parent.$emit('train', props.row.name)"
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
    metrics = dict.fromkeys(name for snapshot in view.snapshots for name in snapshot.metrics)
    numbers = [("epoch", "Epoch"), ("step", "Step"), *((name, name) for name in metrics)]
    return [
        {"name": "name", "label": "Snapshot", "field": "name", "align": "left", "sortable": True},
        *({"name": name, "label": label, "field": name, "align": "right", "sortable": True} for name, label in numbers),
        {"name": "actions", "label": "", "field": "name", "align": "right"},
    ]


def rows(view: JobView) -> list[dict[str, Any]]:
    """A row for each, the newest first."""
    best = view.best.name if view.best else ""
    return [
        {
            "name": snapshot.name,
            "best": snapshot.name == best,
            "epoch": f"{snapshot.epoch:g}",
            "step": snapshot.step,
            **{name: float(f"{value:.5g}") for name, value in snapshot.metrics.items()},
        }
        for snapshot in reversed(view.snapshots)
    ]
