"""How many pictures each class has, in bars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from nicegui import ui

from digits_web.parts.curves import COLOURS

#: More classes than these are seen by scrolling in the chart.
_SEEN = 24
_ROW_PX = 22
_SPLITS = ("train", "val", "test")


class Counted(Protocol):
    """A class and how many pictures of it each split has."""

    name: str
    train: int
    val: int
    test: int


def class_chart(classes: Iterable[Counted]) -> ui.echart:
    """Bars of the classes, the splits of each one behind the other."""
    counted = list(classes)
    seen = min(len(counted), _SEEN)
    chart = ui.echart(_options(counted, seen)).style(f"height: {seen * _ROW_PX + 60}px").classes("digits-full")
    told = ", ".join(f"{item.name} {item.train + item.val + item.test}" for item in counted[:_SEEN])
    chart.props["role"] = "img"
    chart.props["aria-label"] = f"Pictures of each class: {told}"
    return chart


def _options(counted: list[Counted], seen: int) -> dict[str, Any]:
    splits = [split for split in _SPLITS if any(getattr(item, split) for item in counted)]
    axis = {"axisLabel": _ink("--ink-soft"), "axisLine": {"lineStyle": _ink("--line")}, "axisTick": {"show": False}}
    names = {"type": "category", "data": [item.name for item in counted], "inverse": True, **axis}
    scroll = {"type": "slider", "yAxisIndex": 0, "right": 4, "width": 14, "startValue": 0, "endValue": seen - 1}
    return {
        "animation": False,
        "color": list(COLOURS),
        "grid": {"left": 8, "right": 40, "top": 32, "bottom": 8, "containLabel": True},
        "legend": {"top": 0, "left": "center", "textStyle": _ink("--ink")},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}, "confine": True},
        "xAxis": {"type": "value", **axis, "splitLine": {"lineStyle": _ink("--line")}, "minInterval": 1},
        "yAxis": {**names, "axisLabel": {**_ink("--ink"), "width": 120, "overflow": "truncate"}},
        "dataZoom": [{**scroll, "showDetail": False, "brushSelect": False}] if len(counted) > seen else [],
        "series": [
            {
                "type": "bar",
                "name": split,
                "stack": "pictures",
                "barMaxWidth": 16,
                "data": [getattr(item, split) for item in counted],
            }
            for split in splits
        ],
    }


def _ink(name: str) -> dict[str, Any]:
    # Looked up in the browser whenever it is drawn: light and dark have other colours.
    return {":color": f"getComputedStyle(document.body).getPropertyValue('{name}').trim()"}
