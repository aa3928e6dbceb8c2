"""Which dataset, which version of it, and what the job is called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from digits_core.errors import DigitsError
from digits_core.spec.dataset import split_reference
from digits_web.modelling.desk import Desk
from digits_web.modelling.inputs import field_input
from digits_web.parts.aside import aside
from digits_web.parts.frame import section


class DatasetPanel:
    """The first card of the form.

    Args:
        desk: The draft.
        datasets: Datasets by name, each with what is in it.
        clone: The job that the draft was begun from; empty: none.
        picked: Is called when another one is chosen.
    """

    def __init__(self, desk: Desk, datasets: dict[str, str], clone: str, picked: Callable[[], Awaitable[None]]) -> None:
        self._desk, self._clone, self._picked = desk, clone, picked
        name = split_reference(desk.draft.dataset)[0]
        known = datasets if name in (*datasets, "") else {**datasets, name: name}
        section("Dataset")
        with ui.element("div").classes("digits-halves"):
            with ui.element("div").classes("digits-field"):
                ui.select(known, label="Dataset", value=name or None, with_input=True, on_change=self._pick).props(
                    "dense outlined options-dense"
                )
                self._versions = ui.element("div")
                self._note = ui.label().classes("digits-warn digits-small").props("role=status")
            field_input(desk, desk.fields["name"])

    async def fill(self) -> None:
        """Show the versions that there are, and what a clone has to know of them."""
        name, version = split_reference(self._desk.draft.dataset)
        known = await aside(self._known, name) if name else ()
        self._versions.clear()
        if len(known or ()) > 1 or version:
            with self._versions:
                self._draw_versions(known or (), version)
        notes = await aside(self._notes) if self._clone else ()
        self._note.text = " ".join(notes or ())

    def _draw_versions(self, known: Sequence[str], version: str | None) -> None:
        options = {"": f"the newest, {known[-1]}" if known else "the newest"}
        options |= {one: one for one in reversed(known)}
        options.setdefault(version or "", version or "")
        made = ui.select(
            options, label="Version", value=version or "", on_change=lambda event: self._choose(event.value)
        )
        made.props("dense outlined options-dense").style("margin-top: .5rem")

    def _known(self, name: str) -> tuple[str, ...]:
        try:
            return tuple(item.version for item in self._desk.web.digits.history(name))
        except DigitsError:  # The summary tells what is wrong with it.
            return ()

    def _notes(self) -> tuple[str, ...]:
        try:
            return self._desk.web.digits.clone_notes(self._clone, {"dataset": self._desk.draft.dataset})
        except DigitsError:  # It is gone meanwhile.
            return ()

    async def _pick(self, event: ValueChangeEventArguments[str | None]) -> None:
        await self._take(event.value or "")

    async def _choose(self, version: str) -> None:
        name = split_reference(self._desk.draft.dataset)[0]
        await self._take(f"{name}@{version}" if version else name)

    async def _take(self, dataset: str) -> None:
        self._desk.draft.dataset = dataset
        self._desk.changed()
        await self.fill()
        await self._picked()
