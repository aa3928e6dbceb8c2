"""What a job's workers printed, and what happened in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from nicegui import ui
from nicegui.element import Element

from digits_core.service.views.history import EventView
from digits_web.pages.job.live import Live
from digits_web.parts.aside import aside
from digits_web.parts.frame import section
from digits_web.parts.numbers import percent
from digits_web.parts.times import Moment

#: Bytes of the end of the log that are shown, and events that are.
LOG_BYTES, EVENTS = 2**16, 200
#: Facts of every few seconds, which curves show better.
_FREQUENT = ("training-logged", "sampled", "progressed")


async def build(live: Live) -> Callable[[], Awaitable[None]]:
    """Events, then the log; returns what looks again."""
    with ui.element("div").classes("digits-spread"):
        section("Events")
        every = ui.switch("Every measurement too", value=False)
    events = ui.element("ol").classes("digits-card digits-events").props('aria-label="Events" tabindex=0')
    with ui.element("div").classes("digits-spread"):
        section("Log")
        with ui.element("div").classes("digits-row"):
            follow = ui.switch("Follow", value=True)
            ui.button("Download", icon="download", on_click=lambda: _download(live)).props("flat dense no-caps")
    with ui.scroll_area().classes("digits-log").props('tabindex=0 aria-label="Log"') as area:
        log = ui.label().classes("digits-mono").style("white-space: pre-wrap")
    told = _Told(live, events, area, log, lambda: bool(every.value), lambda: bool(follow.value))
    every.on_value_change(told.again)
    await told.look()
    return told.look


class _Told:
    """What was shown last."""

    def __init__(
        self,
        live: Live,
        events: Element,
        area: ui.scroll_area,
        log: ui.label,
        every: Callable[[], bool],
        follow: Callable[[], bool],
    ) -> None:
        self._live, self._events, self._area, self._log = live, events, area, log
        self._every, self._follow, self._cursor = every, follow, ""
        self._seen: list[EventView] = []

    async def look(self) -> None:
        await self._look_at_events()
        text = await aside(self._live.digits.log, self._live.id, last_bytes=LOG_BYTES)
        shown = text or "Nothing was printed."
        if shown != self._log.text:
            self._log.text = shown
            if self._follow():
                self._area.scroll_to(percent=1.0)

    def again(self) -> None:
        """Show events anew, for those that are wanted are others."""
        self._show()

    async def _look_at_events(self) -> None:
        new = False
        while True:
            found = await aside(self._live.digits.events, self._live.id, self._cursor)
            self._cursor, new = found.cursor, new or bool(found.events)
            self._seen.extend(found.events)
            if not found.more:
                break
        kept = [event for event in self._seen if event.kind not in _FREQUENT][-EVENTS:]
        frequent = [event for event in self._seen if event.kind in _FREQUENT][-EVENTS:]
        self._seen = sorted([*kept, *frequent], key=lambda event: event.time)
        if new:
            self._show()

    def _show(self) -> None:
        chosen = [event for event in self._seen if self._every() or event.kind not in _FREQUENT]
        self._events.clear()
        with self._events:
            for event in reversed(chosen[-EVENTS:]):
                with ui.element("li"):
                    Moment(datetime.fromtimestamp(event.time, UTC)).classes("digits-soft digits-small digits-number")
                    ui.label(event.kind.replace("-", " ")).classes("digits-tag")
                    ui.label(words_of(event.data)).style("overflow-wrap: anywhere")


def words_of(data: dict[str, Any]) -> str:
    """The fields of a fact in a line.

    >>> words_of({"step": 1200, "accuracy": 0.5, "text": "", "devices": ["cpu:0"]})
    'step 1,200 · accuracy 50.00 % · devices cpu:0'
    """
    return " · ".join(f"{name.replace('_', ' ')} {_value(name, value)}" for name, value in data.items() if _said(value))


def _said(value: Any) -> bool:
    return value is not None and value not in ("", [], {})


def _value(name: str, value: Any) -> str:
    if isinstance(value, float):
        return percent(value, 2) if name.startswith(("accuracy", "top")) else f"{value:.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(_value(name, one) for one in value)
    if isinstance(value, dict):
        return f"({words_of(value)})"
    return str(value)


async def _download(live: Live) -> None:
    text = await aside(live.digits.log, live.id)
    ui.download.content(text or "", f"{live.id}.log", "text/plain")
