"""What is shown in place of a thing that is in the trash: that it is there, and a button that takes it out again."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from nicegui import ui

from digits_core.service.views.about import TrashedView
from digits_web.ownership import trashed_owner
from digits_web.parts.aside import aside
from digits_web.parts.attempt import change
from digits_web.parts.person import allow, person
from digits_web.web import Web

#: Where everything in the trash is listed.
TRASH = "/settings#trash"


class Found(NamedTuple):
    """Something in the trash, and whose it is."""

    thing: TrashedView
    owner: str


async def find_trashed(web: Web, kind: str, name: str) -> Found | None:
    """The newest thing in the trash that was called so; None where there is none.

    Args:
        web: Whose trash.
        kind: ``job``, ``dataset`` or ``model``.
        name: What it was called.
    """

    def look() -> Found | None:
        things = [thing for thing in web.digits.trash() if (thing.kind, thing.name) == (kind, name)]
        newest = max(things, key=lambda thing: thing.discarded, default=None)
        return newest and Found(newest, trashed_owner(web, newest))

    return await aside(look)


def trashed_card(web: Web, found: Found, title: str, action: str = "Restore") -> None:
    """Say that something is in the trash.

    Args:
        web: Whose trash.
        found: What is there.
        title: What people call it.
        action: What taking it out is called.
    """
    thing, owner = found

    async def restore() -> None:
        if await change(web, f"restore {thing.kind}", thing.name, owner, lambda: web.digits.restore(thing.id)):
            ui.navigate.to(f"/{thing.kind}s/{quote(thing.name)}")

    with ui.element("div").classes("digits-empty").props("role=status"):
        ui.icon("delete", size="2.5rem").props("aria-hidden=true")
        ui.label(f"{title} is in the trash.").classes("digits-section")
        ui.label("It stays there until the trash is emptied.").classes("digits-soft")
        with ui.element("div").classes("digits-row"):
            allow(ui.button(action, on_click=restore).props("unelevated no-caps"), person().refusal(owner))
            ui.link("Show the trash", TRASH)
            ui.link("Home", "/")
