"""The confusion matrix as a chart: click a cell to see its pictures."""

from __future__ import annotations

import html
import json
from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui
from nicegui.events import EChartPointClickEventArguments

from digits_core.service.views.evaluation import EvaluationView

#: Classes whose counts are written into the cells, and whose names are beside them.
_COUNTED, _NAMED = 26, 120
#: The least colour that a cell with pictures has, of 1.
FAINTEST = 0.3


def confusion_matrix(found: EvaluationView, chosen: Callable[[str, str], Awaitable[None]]) -> ui.echart:
    """Draw it.

    Args:
        found: The evaluation.
        chosen: Is told the true class and the one that was taken, when a cell is clicked.
    """

    async def clicked(event: EChartPointClickEventArguments) -> None:
        place = event.data["value"] if isinstance(event.data, dict) else event.data  # type: ignore[index]
        column, row = int(place[0]), int(place[1])
        await chosen(found.labels[row], found.labels[column])

    side = f"{max(20, min(52, 4 + 3 * len(found.labels)))}rem"
    chart = ui.echart(_options(found), on_point_click=clicked).style(f"height: {side}; max-width: 60rem")
    chart.classes("digits-full").props["role"] = "img"
    chart.props["aria-label"] = f"Confusion matrix of {found.model}; the table of confusions has the same numbers"
    return chart


def cells(found: EvaluationView) -> list[dict[str, Any]]:
    """Column, row, colour, count and share of the row of every cell with pictures; wrong ones have colours below 0."""
    made = []
    for row, counts in enumerate(found.confusion):
        total = sum(counts)
        for column, count in enumerate(counts):
            if count:
                share = count / total
                colour = (FAINTEST + (1 - FAINTEST) * share) * (1 if row == column else -1)
                made.append({"value": [column, row, round(colour, 4), count, round(share, 4)]})
    return made


def _options(found: EvaluationView) -> dict[str, Any]:
    labels, few = list(found.labels), len(found.labels) <= _COUNTED
    ink, soft = {":color": _css("--ink")}, {":color": _css("--ink-soft")}
    axis = {
        "type": "category",
        "data": labels,
        "splitArea": {"show": False},
        "axisLabel": {**ink, "show": len(labels) <= _NAMED, "interval": 0 if few else "auto"},
        "axisLine": {"lineStyle": {":color": _css("--line")}},
        "axisTick": {"show": False},
        "nameLocation": "middle",
        "nameTextStyle": soft,
    }
    turned = {**axis["axisLabel"], "rotate": 40 if len(labels) > 6 else 0}  # type: ignore[dict-item]
    return {
        "animation": False,
        "grid": {"left": 8, "right": 12, "top": 30, "bottom": 40, "containLabel": True},
        "tooltip": {
            "confine": True,
            ":formatter": _words(labels),
        },
        "xAxis": {**axis, "name": "taken for", "nameGap": 44, "axisLabel": turned},
        "yAxis": {
            **axis,
            "name": "true class",
            "nameLocation": "start",
            "inverse": True,
            "nameTextStyle": {**soft, "align": "left"},
        },
        "visualMap": {
            "show": False,
            "min": -1,
            "max": 1,
            "dimension": 2,
            "inRange": {"color": ["#f09a5c", "#f7c39d", "#fdeadc", "#e2edfa", "#b5d1f4", "#82b2ee"]},
        },
        "series": [
            {
                "type": "heatmap",
                "data": cells(found),
                "label": {"show": few, ":formatter": "p => p.data.value[3].toLocaleString()", "color": "#111"},
                "itemStyle": {"borderWidth": 1, ":borderColor": _css("--surface")},
                "emphasis": {"itemStyle": {":borderColor": _css("--ink"), "borderWidth": 2}},
                "cursor": "pointer",
            }
        ],
    }


def _css(name: str) -> str:
    return f"getComputedStyle(document.body).getPropertyValue('{name}').trim()"


def _words(labels: list[str]) -> str:
    """What is said of a cell that is pointed at: a function of JavaScript."""
    names = json.dumps([html.escape(label) for label in labels])
    share = "(100 * p.data.value[4]).toFixed(1) + ' %'"
    said = f"p.data.value[3].toLocaleString() + ' pictures, ' + {share} + ' of ' + names[p.data.value[1]]"
    return f"(p) => {{ const names = {names}; return {said} + '<br>taken for ' + names[p.data.value[0]]; }}"
