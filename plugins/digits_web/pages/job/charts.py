"""Curves of training, and of what devices were busy with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from digits_core.service.views.history import DeviceHistoryView, Point, SeriesView, UsageHistoryView
from digits_core.service.views.jobs import JobView
from digits_web.pages.job.live import Live
from digits_web.parts.aside import aside
from digits_web.parts.curves import CurvesChart
from digits_web.parts.empty import nothing_yet
from digits_web.parts.smoothing import Curve

#: Most points of a curve.
POINTS = 600


async def build_curves(live: Live) -> Callable[[], Awaitable[None]]:
    """Loss, accuracy, rate and speed; returns what looks again."""
    with ui.element("div").classes("digits-card"):
        scores = CurvesChart("Loss and accuracy", left="loss", right="accuracy", file_name=f"{live.id}-scores")
    with ui.element("div").classes("digits-pair"):
        with ui.element("div").classes("digits-card"):
            rate = CurvesChart("Learning rate", left="", file_name=f"{live.id}-rate", height="13rem")
        with ui.element("div").classes("digits-card"):
            speed = CurvesChart("Images per second", left="", file_name=f"{live.id}-speed", height="13rem")

    async def look() -> None:
        found = await aside(live.digits.series, live.id, points=POINTS)
        scores.show(list(score_curves(found, live.view)))
        rate.show([Curve("learning rate", epochs(found.learning_rate))])
        speed.show([Curve("images/s", epochs(found.images_per_second))])

    await look()
    return look


def score_curves(found: SeriesView, view: JobView) -> Sequence[Curve]:
    """Curves of losses on the left axis and of shares on the right one."""
    return [
        Curve(f"{name} ({words})", epochs(points), right="loss" not in name, dashed=words == "validation")
        for words, curves in (("training", found.train), ("validation", found.val))
        for name, points in curves.items()
        if view.tells(name)
    ]


def epochs(points: Sequence[Point]) -> tuple[tuple[float, float], ...]:
    """Points over epochs.

    >>> epochs([(10, 0.5, 2.3)])
    ((0.5, 2.3),)
    """
    return tuple((round(epoch, 3), value) for _, epoch, value in points)


async def build_devices(live: Live) -> Callable[[], Awaitable[None]]:
    """A panel for each thing that is measured of devices, over time; returns what looks again."""
    empty = nothing_yet("memory", "Nothing measured yet", "Devices are measured once a second while the job runs.")
    with ui.element("div").classes("digits-pair") as place:
        panels = {name: _panel(live, name) for name in PANELS}

    async def look() -> None:
        found = await aside(live.digits.usage_history, live.id, points=POINTS)
        empty.visible, place.visible = not found.times, bool(found.times)
        for name, (card, chart) in panels.items():
            curves = device_curves(found, name)
            card.visible = bool(curves)
            chart.show(curves)

    await look()
    return look


#: What is shown of devices: its unit, and where its values are.
PANELS: dict[str, Callable[[DeviceHistoryView], Sequence[float | None]]] = {
    "Utilisation, %": lambda device: device.utilization_percent,
    "Memory, GiB": lambda device: tuple(_gib(value) for value in device.memory_used_bytes),
    "Temperature, °C": lambda device: device.temperature_c,
    "Power, W": lambda device: device.power_w,
}


def device_curves(found: UsageHistoryView, name: str) -> list[Curve]:
    """One panel's curves over minutes; devices of which nobody tells it have none."""
    series = [(device.id, PANELS[name](device)) for device in found.devices]
    if name == "Utilisation, %":
        series.append(("processes (100 % is a core)", found.cpu_percent))
    if name == "Memory, GiB":
        series.append(("processes", tuple(_gib(value) for value in found.memory_bytes)))
    start = found.times[0] if found.times else 0.0
    return [
        Curve(id, tuple(points))
        for id, values in series
        if (points := [((at - start) / 60, v) for at, v in zip(found.times, values, strict=True) if v is not None])
    ]


def _gib(value: float | None) -> float | None:
    return None if value is None else value / 2**30


def _panel(live: Live, name: str) -> tuple[ui.element, CurvesChart]:
    with ui.element("div").classes("digits-card") as card:
        file_name = f"{live.id}-{name.partition(',')[0].lower()}"
        return card, CurvesChart(name, x_name="minutes", left="", file_name=file_name, height="15rem")
