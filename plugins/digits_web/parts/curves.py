"""Curves in a chart: zoom, smoothing, a logarithmic scale, hover, and CSV and PNG to take away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from digits_web.parts.smoothing import Curve, lies_under, smooth, to_csv

#: Colours that are told apart on white and on black, also by most who see colours otherwise.
COLOURS = ("#2f7de1", "#e06c1f", "#159a6c", "#b05bd6", "#c98a00", "#d6457a", "#0e93b5", "#7a8a1f", "#8a6d5b", "#5d6fe8")
#: How broad the line of a curve is on which another lies.
BAND_PX = 8
#: Percent of the newest values' weight that smoothing may take away.
MOST_SMOOTHING = 98


class CurvesChart:
    """A chart that is told its curves again and again, and sends only what is new to it.

    Args:
        title: What it shows; its name for those who do not see it.
        x_name: What is counted from left to right.
        left: What the left axis measures.
        right: What the right axis measures, from 0 to 1 in percent; empty: there is none.
        share: Whether the left axis is from 0 to 1 in percent.
        file_name: Name of what is downloaded, without its ending.
        height: CSS height of the drawing.
        controls: Whether smoothing, scale and downloads are offered.
    """

    def __init__(
        self,
        title: str,
        *,
        x_name: str = "epoch",
        left: str = "loss",
        right: str = "",
        share: bool = False,
        file_name: str = "curves",
        height: str = "21rem",
        controls: bool = True,
    ) -> None:
        self._curves: tuple[Curve, ...] = ()
        self._share = share
        self._smoothing, self._title, self._file_name, self._x_name = 0.0, title, file_name, x_name
        with ui.element("div").classes("digits-full") as self.element:
            if controls:
                self._controls()
            axes = [_axis(left, share=share), *([_axis(right, share=True, alone=False)] if right else [])]
            self.chart = ui.echart(_options(x_name, axes)).style(f"height: {height}").classes("digits-full")
            self.chart.props["role"] = "img"
            self._name()

    def show(self, curves: Sequence[Curve]) -> None:
        """Draw these; nothing is sent where they are those that are drawn already."""
        if tuple(curves) != self._curves:
            self._curves = tuple(curves)
            self._draw()

    def _draw(self) -> None:
        options = self.chart.options
        options["title"]["show"] = not self._curves
        options["legend"]["data"] = [curve.name for curve in self._curves]
        options["series"] = [
            line
            for number, curve in enumerate(self._curves)
            for line in _lines(
                number,
                curve,
                self._smoothing,
                share=self._share or curve.right,
                hidden=any(lies_under(curve, other) for other in self._curves[number + 1 :]),
            )
        ]
        self._name()
        self.chart.update()

    def _name(self) -> None:
        newest = ", ".join(f"{curve.name} {curve.points[-1][1]:.4g}" for curve in self._curves if curve.points)
        self.chart.props["aria-label"] = f"{self._title}: {newest or 'nothing yet'}"

    def _controls(self) -> None:
        with ui.element("div").classes("digits-row"):
            ui.label(self._title).props("role=heading aria-level=2").classes("digits-section").style(
                "margin-right: auto"
            )
            ui.label("Smoothing").classes("digits-soft digits-small")
            slider = ui.slider(min=0, max=MOST_SMOOTHING, value=0, on_change=self._smooth).style(
                "width: 7rem; margin-right: .75rem"
            )
            slider.props["aria-label"] = f"Smoothing of {self._title}"
            slider.props["throttle"] = 0.15
            ui.switch("Log", on_change=self._scale).props(f'dense aria-label="Logarithmic scale of {self._title}"')
            self._button("zoom_out_map", "Show all", self._unzoom)
            self._button("table_view", "Download as CSV", self._csv)
            self._button("image", "Download as PNG", self._png)

    def _button(self, icon: str, label: str, action: Any) -> None:
        button = ui.button(icon=icon, on_click=action).props("flat round dense size=sm").tooltip(label)
        button.props["aria-label"] = f"{label}: {self._title}"

    def _smooth(self, event: ValueChangeEventArguments[float]) -> None:
        self._smoothing = event.value / 100
        self._draw()

    def _scale(self, event: ValueChangeEventArguments[bool]) -> None:
        self.chart.options["yAxis"][0]["type"] = "log" if event.value else "value"
        self._draw()

    def _unzoom(self) -> None:
        self.chart.run_chart_method("dispatchAction", {"type": "dataZoom", "start": 0, "end": 100})

    def _csv(self) -> None:
        ui.download.content(to_csv(self._curves, self._x_name), f"{self._file_name}.csv", "text/csv")

    def _png(self) -> None:
        ui.run_javascript(f"""
            const link = document.createElement("a");
            const backgroundColor = getComputedStyle(document.body).getPropertyValue("--surface").trim();
            link.href = getElement({self.chart.id}).chart.getDataURL({{ pixelRatio: 2, backgroundColor }});
            link.download = {json.dumps(self._file_name + ".png")};
            link.click();""")


def _options(x_name: str, axes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "animation": False,
        "color": list(COLOURS),
        "grid": {"left": 56, "right": 56 if len(axes) > 1 else 20, "top": 60, "bottom": 64},
        "title": {
            "text": "Nothing measured yet",
            "left": "center",
            "top": "middle",
            "textStyle": {"fontSize": 14, "fontWeight": "normal", **_ink("--ink-soft")},
        },
        "legend": {"type": "scroll", "top": 4, "data": [], "textStyle": _ink("--ink")},
        "tooltip": {
            "trigger": "axis",
            "confine": True,
            "axisPointer": {"type": "line"},
            ":backgroundColor": _css("--surface"),
            ":borderColor": _css("--line"),
            "textStyle": _ink("--ink"),
        },
        "xAxis": {
            "type": "value",
            "name": x_name,
            "nameLocation": "middle",
            "nameGap": 24,
            **_look(),
            "axisLabel": {**_ink("--ink-soft"), "hideOverlap": True, ":formatter": "value => +value.toPrecision(3)"},
            "scale": True,
        },
        "yAxis": axes,
        "dataZoom": [
            {"type": "inside", "filterMode": "none"},
            {"type": "slider", "filterMode": "none", "height": 16, "bottom": 8, "textStyle": _ink("--ink-soft")},
        ],
        "series": [],
    }


def _axis(name: str, *, share: bool = False, alone: bool = True) -> dict[str, Any]:
    """An axis; one that is not alone has no lines of its own and the whole range, so that two can be read together."""
    span = {"scale": True} if alone else {"min": 0, "max": 1, "interval": 0.2, "splitLine": {"show": False}}
    axis = {"type": "value", "name": name, **_look(), **span}
    if share:
        axis["axisLabel"] = {**_ink("--ink-soft"), ":formatter": "value => +(value * 100).toFixed(1) + ' %'"}
    return axis


def _look() -> dict[str, Any]:
    return {
        "nameTextStyle": _ink("--ink-soft"),
        "axisLabel": _ink("--ink-soft"),
        "axisLine": {"lineStyle": _ink("--line")},
        "splitLine": {"lineStyle": _ink("--line")},
    }


def _ink(name: str) -> dict[str, Any]:
    return {":color": _css(name)}


def _css(name: str) -> str:
    """A colour of the style sheet, looked up in the browser whenever the chart is drawn: light and dark have others."""
    return f"getComputedStyle(document.body).getPropertyValue('{name}').trim()"


def _lines(
    number: int, curve: Curve, smoothing: float, *, share: bool, hidden: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The curve, and behind it what it was before it was smoothed; always both, so that a zoom outlives smoothing.

    One that another would hide is drawn as a broad band on which the other lies.
    """
    numbers = (
        "v => v == null ? '–' : (v * 100).toFixed(2) + ' %'" if share else "v => v == null ? '–' : +v.toPrecision(4)"
    )
    line = {
        "type": "line",
        "name": curve.name,
        "yAxisIndex": int(curve.right),
        "color": COLOURS[number % len(COLOURS)],
        "symbol": "circle",
        "symbolSize": 5,
        "showSymbol": len(curve.points) < 40,
        "lineStyle": {
            "width": BAND_PX if hidden else 2,
            "opacity": 0.45 if hidden else 1,
            "type": "dashed" if curve.dashed else "solid",
        },
        "tooltip": {":valueFormatter": numbers},
    }
    faint = {"width": 1, "opacity": 0.3}
    raw = {
        **line,
        "id": f"{number} raw",
        "showSymbol": False,
        "silent": True,
        "lineStyle": faint,
        "tooltip": {"show": False},
    }
    smoothed = smooth(curve.points, smoothing)
    return {**raw, "data": list(curve.points) if smoothing else []}, {**line, "id": str(number), "data": smoothed}
