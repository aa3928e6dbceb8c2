"""What people say about a thing: notes and tags, and a dialog in which they say something else."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from nicegui import ui

from digits_core.service.views.about import AboutView

#: Says it: notes and tags; None where that was refused, which has been told.
Say = Callable[[str, tuple[str, ...]], Coroutine[Any, Any, AboutView | None]]


class Notes:
    """Notes and tags.

    Args:
        about: What is said.
        say: Says something else; None: nobody may.
    """

    def __init__(self, about: AboutView, say: Say | None) -> None:
        self._about, self._say = about, say
        self._place = ui.element("div").classes("digits-row")
        self._draw()

    def _draw(self) -> None:
        self._place.clear()
        with self._place:
            for tag in self._about.tags:
                ui.label(tag).classes("digits-tag")
            if self._about.description:
                ui.label(self._about.description).style("white-space: pre-line").classes("digits-soft")
            if self._about.owner:
                ui.label(f"by {self._about.owner}").classes("digits-soft digits-small")
            if self._say is not None:
                words = "Edit" if self._about.tags or self._about.description else "Add notes and tags"
                ui.button(words, icon="edit", on_click=self._open).props("flat dense no-caps size=sm")

    async def _open(self) -> None:
        with ui.dialog() as dialog, ui.card().classes("digits-card").style("width: 32rem; max-width: 94vw"):
            notes = ui.textarea("Notes", value=self._about.description).classes("digits-full").props("autogrow")
            tags = ui.select(
                list(self._about.tags),
                value=list(self._about.tags),
                label="Tags",
                multiple=True,
                with_input=True,
                new_value_mode="add-unique",
            )
            tags.classes("digits-full").props('use-chips hide-dropdown-icon hint="Type a word, then Enter."')
            with ui.element("div").classes("digits-row"):
                ui.button("Save", on_click=lambda: dialog.submit(True)).props("unelevated no-caps")
                ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat no-caps")
        wanted = await dialog
        said = await self._say(notes.value or "", tuple(tags.value)) if wanted and self._say else None
        dialog.delete()
        if said is not None:
            self._about = said
            self._draw()
