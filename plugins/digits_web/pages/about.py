"""About: which version this is, and whether everything is well."""

from __future__ import annotations

import importlib.metadata
import platform

from nicegui import ui

from digits_core.service.views.machine import CheckView, DoctorView
from digits_web.parts.aside import aside
from digits_web.parts.facts import Table, cell
from digits_web.parts.frame import frame, section
from digits_web.web import Web


def add(web: Web) -> None:
    """Register the page."""

    @ui.page("/about")
    async def about() -> None:
        with frame("About"):
            with ui.element("section").classes("digits-card"):
                _versions()
            with ui.element("section").classes("digits-card digits-scroll"):
                section("Doctor")
                _Doctor(web)


def _versions() -> None:
    section("DIGITS")
    table = Table("Versions")
    table.fact("Version", importlib.metadata.version("digits"))
    table.fact("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for name in ("fastapi", "nicegui"):
        table.fact(name, importlib.metadata.version(name))
    table.fact("Licence", "Apache-2.0")
    ui.link("REST API description (OpenAPI)", "/api/v1/openapi.json")


class _Doctor:
    """Looks when it is asked to: it tries every backend in a process of its own, which takes a while."""

    def __init__(self, web: Web) -> None:
        self._web = web
        ui.label("Looks at the disk, the devices and every backend; takes up to a minute.").classes("digits-soft")
        self._button = ui.button("Examine this installation", icon="health_and_safety", on_click=self._examine)
        self._button.props("outline no-caps")
        self._place = ui.element("div").classes("digits-full").props("aria-live=polite")

    async def _examine(self) -> None:
        self._button.props("loading")
        try:
            found = await aside(self._web.digits.doctor)
        finally:
            self._button.props(remove="loading")
        self._place.clear()
        with self._place:
            _verdict(found)


def _verdict(found: DoctorView) -> None:
    words = "Everything is well." if found.passed else "Something needs a hand."
    state = "done" if found.passed else "failed"
    ui.label(words).classes("digits-state").props(f"data-state={state}")
    table = Table("Checks")
    for check in found.checks:
        _check(table, check)


def _check(table: Table, check: CheckView) -> None:
    with table.row(check.name):
        with cell():
            state, words = ("done", "well") if check.passed else ("failed", "amiss")
            ui.label(words).classes("digits-state digits-small").props(f"data-state={state}")
        with cell():
            ui.label(check.found)
            if check.remedy:
                ui.label(check.remedy).classes("digits-soft")
