"""How far work is that a page waits for."""

from __future__ import annotations

from nicegui import ui

from digits_web.parts.sparkline import Bar


class Waiting:
    """Progress of the service, shown; it is told from a thread, and drawn by a timer of the page.

    Args:
        label: What is waited for.
    """

    def __init__(self, label: str) -> None:
        self._total, self._done, self._what, self._open = 0, 0, label, True
        with ui.element("div").classes("digits-full").props("role=status") as self.element:
            self._label = ui.label(label).classes("digits-soft")
            self._bar = Bar(label)
        self._timer = ui.timer(0.3, self._draw)

    def start(self, total: int, what: str) -> None:
        """Work of ``total`` units begins."""
        self._total, self._done, self._what = total, 0, what

    def advance(self, count: int) -> None:
        """``count`` more units are done."""
        self._done += count

    def close(self) -> None:
        """Take it off the page."""
        self._timer.cancel()
        self.element.delete()

    def _draw(self) -> None:
        self._label.text = f"{self._what}: {self._done:,} of {self._total:,}" if self._total else f"{self._what} …"
        self._bar.show(100 * self._done / self._total if self._total else 0.0)
