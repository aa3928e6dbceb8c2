"""The editor of networks: completion from the schema, and every mistake at its line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nicegui import ui

from digits_core.service.views.networks import MistakeView

_COMPLETION = Path(__file__).with_name("completion.js").read_text(encoding="utf-8")
#: A line that is wrong, as the style sheet names it.
WRONG_LINE = "digits-wrong-line"


class NetworkEditor:
    """A network file that is being written.

    Args:
        text: What is there already.
        words: What can be written; see `vocabulary`.
        changed: Is given the text whenever it is another.
    """

    def __init__(self, text: str, words: dict[str, Any], changed: Callable[[str], None]) -> None:
        self._shown: tuple[MistakeView, ...] | None = None
        self.code = ui.codemirror(
            text, language="YAML", theme="basicLight", indent="  ", on_change=lambda event: changed(event.value or "")
        ).classes("digits-editor digits-full")
        self.code.props('aria-label="Network file"')
        self._mistakes = ui.element("div").classes("digits-stack").props("role=status aria-label=Mistakes")
        script = f"({_COMPLETION.strip()})({self.code.id}, {json.dumps(words)})"
        ui.timer(0.2, lambda: ui.run_javascript(script), once=True)

    def write(self, text: str) -> None:
        """Put another text in place of what is there."""
        self.code.value = text

    def show(self, mistakes: Sequence[MistakeView]) -> None:
        """Mark the lines that are wrong, and list everything that is."""
        if self._shown == tuple(mistakes):
            return
        self._shown = tuple(mistakes)
        last = len(self.code.value.splitlines())
        lines = {found.line: found for found in mistakes if found.line and found.line <= last}
        self.code.decorations = [{"kind": "line", "line": line, "class": WRONG_LINE} for line in lines]
        self.code.line_tooltips = {line: f"{found.message} {found.hint}".strip() for line, found in lines.items()}
        self._mistakes.clear()
        with self._mistakes:
            for found in mistakes:
                self._mistake(found)

    def _mistake(self, found: MistakeView) -> None:
        with ui.element("button").classes("digits-mistake") as row:
            with ui.element("div").classes("digits-row"):
                if found.line:
                    ui.label(f"Line {found.line}").classes("digits-tag digits-number")
                ui.label(found.message)
            if found.hint:
                ui.label(found.hint).classes("digits-soft digits-small")
        if found.line:
            row.on("click", lambda _, line=found.line: self.code.reveal_line(line))
