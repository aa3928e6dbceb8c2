"""What is in the trash: take it out again, or delete it for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from digits_core.errors import DigitsError
from digits_web.access.person import Person, Role
from digits_web.ownership import require_trashed, trashed_owner
from digits_web.parts.aside import aside
from digits_web.parts.errors import show_problems
from digits_web.parts.facts import Table, cell
from digits_web.parts.person import allow, person
from digits_web.parts.times import Moment
from digits_web.web import Web


class TrashList:
    """The trash of a home on a page.

    Args:
        web: Whose.
    """

    def __init__(self, web: Web) -> None:
        self._web = web
        self._place = ui.element("div").classes("digits-full")

    async def look(self) -> None:
        """Show what is in it now."""
        found = await aside(lambda: [(thing, trashed_owner(self._web, thing)) for thing in self._web.digits.trash()])
        who = person()
        self._place.clear()
        with self._place:
            if not found:
                ui.label("The trash is empty. What is moved here can be restored.").classes("digits-soft")
                return
            table = Table("Trash", ("Name", "Kind", "Moved here", ""))
            for thing, owner in found:
                with table.row(thing.name):
                    with cell():
                        ui.label(thing.kind)
                    with cell():
                        Moment(thing.discarded, relative=True)
                    with cell():
                        button = ui.button("Restore", on_click=lambda id=thing.id: self._restore(id))
                        button.props("flat dense no-caps").props["aria-label"] = f"Restore {thing.kind} {thing.name}"
                        allow(button, who.refusal(owner))
            button = ui.button("Delete all for good", icon="delete_forever", on_click=self._ask)
            button.props("outline no-caps color=negative")
            allow(button, who.lacks(Role.ADMIN))

    async def _restore(self, id: str) -> None:
        await self._do("restore", id, lambda who: require_trashed(self._web, who, id), self._web.digits.restore)

    async def _ask(self) -> None:
        with ui.dialog() as dialog, ui.card().classes("digits-card"):
            ui.label("Delete everything in the trash for good?").classes("digits-section")
            with ui.element("div").classes("digits-row"):
                ui.button("Delete", on_click=lambda: dialog.submit(True)).props("unelevated no-caps color=negative")
                ui.button("Keep", on_click=lambda: dialog.submit(False)).props("flat no-caps")
        if await dialog:
            await self._do(
                "empty trash", "all", lambda who: who.require(Role.ADMIN), lambda _: self._web.digits.empty_trash()
            )
        dialog.delete()

    async def _do(
        self, action: str, what: str, require: Callable[[Person], None], change: Callable[[str], Any]
    ) -> None:
        who = person()
        try:
            await aside(require, who)
            await aside(change, what)
            await aside(self._web.audit, who, action, what)
        except DigitsError as error:
            show_problems(error)
        self._web.forget()
        await self.look()
