"""Settings: what the server is run with, where everything is kept, and the trash."""

from __future__ import annotations

from nicegui import ui

from digits_core.errors import DigitsError
from digits_core.service.views.machine import HomeView
from digits_web.parts.aside import aside
from digits_web.parts.errors import list_problems
from digits_web.parts.facts import Table
from digits_web.parts.frame import PATIENCE_S, frame, section
from digits_web.parts.numbers import size
from digits_web.parts.person import person
from digits_web.parts.trash_list import TrashList
from digits_web.settings import ServerSettings
from digits_web.web import Web


def add(web: Web) -> None:
    """Register the page."""

    @ui.page("/settings", response_timeout=PATIENCE_S)
    async def settings() -> None:
        with frame("Settings"):
            with _card("Server"):
                _server(web.settings)
            with _card("Home"):
                await _home(web)
            with _card("Trash").props("id=trash"):
                await TrashList(web).look()


def _card(title: str) -> ui.element:
    card = ui.element("section").classes("digits-card digits-scroll")
    with card:
        section(title)
    return card


def _server(settings: ServerSettings) -> None:
    table = Table("Server")
    for name, value in _server_facts(settings):
        table.fact(name, value)
    ui.label("These are flags of digits serve; change them by starting it anew.").classes("digits-soft digits-small")


def _server_facts(settings: ServerSettings) -> tuple[tuple[str, str], ...]:
    roots = ", ".join(str(root) for root in settings.roots)
    return (
        ("Address", str(ui.context.client.request.base_url)),
        ("Who may come in", _access(settings)),
        ("You", f"{person().name}, {person().role}"),
        ("Folders that pictures may be taken from", roots or "none: upload them, or start with --root FOLDER"),
        ("Most that is uploaded at once", size(settings.most_upload_bytes)),
        ("Addresses of this network", "may be fetched from" if settings.allow_private else "are never fetched from"),
    )


def _access(settings: ServerSettings) -> str:
    ways = ("accounts" if settings.accounts else "", "a token" if settings.token else "")
    return " or ".join(filter(None, ways)) or "whoever reaches this machine's loopback; nobody is asked"


async def _home(web: Web) -> None:
    try:
        home = await aside(web.digits.about_home)
    except DigitsError as error:
        list_problems(error)
        return
    table = Table("Home")
    for name, value, mono in _home_facts(home):
        table.fact(name, value, mono=mono)
    ui.label(f"Interpreters and trackers are written in {home.settings_file}.").classes("digits-soft digits-small")


def _home_facts(home: HomeView) -> tuple[tuple[str, str, bool], ...]:
    pythons = tuple((f"Python of {name}", path, True) for name, path in home.interpreters.items())
    return (
        ("Folder", home.path, True),
        ("Disk", f"{size(home.free_bytes)} free of {size(home.total_bytes)}", False),
        *(pythons or (("Pythons of backends", "all run in that of the server", False),)),
        ("Trackers of every job", ", ".join(home.trackers) or "none", False),
    )
