"""Plugins: everything that can be named, what brings it, and how to get what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from nicegui import ui

from digits_core.service.views.machine import BrokenView, PluginsView, PluginView
from digits_web.parts.aside import aside
from digits_web.parts.facts import Table, cell
from digits_web.parts.frame import PATIENCE_S, frame, section
from digits_web.web import Web


def add(web: Web) -> None:
    """Register the page."""

    @ui.page("/plugins", response_timeout=PATIENCE_S)
    async def plugins() -> None:
        found = await aside(web.digits.plugin_list)
        with frame("Plugins"):
            missing = sum(not plugin.available for plugin in found.plugins)
            counts = f"{len(found.plugins)} extensions from {len({plugin.plugin for plugin in found.plugins})} plugins"
            usable = f"{missing} of them not usable: a package is not installed here" if missing else "all usable here"
            ui.label(f"{counts}, {usable}.").classes("digits-soft")
            _broken(found.broken)
            _kinds(found)


def _broken(broken: Sequence[BrokenView]) -> None:
    for plugin in broken:
        with ui.element("div").classes("digits-problem").props("role=alert"):
            ui.label(f"{plugin.plugin} ({plugin.distribution}) could not be loaded: {plugin.reason}")
            ui.label(plugin.remedy).classes("digits-soft")


def _kinds(found: PluginsView) -> None:
    with ui.element("div").classes("digits-columns"):
        for kind, plugins in groupby(found.plugins, key=lambda plugin: plugin.kind):
            with ui.element("section").classes("digits-card digits-scroll"):
                section(_plural(kind))
                table = Table(_plural(kind))
                for plugin in plugins:
                    _row(table, plugin)


def _row(table: Table, plugin: PluginView) -> None:
    with table.row(plugin.name):
        with cell():
            ui.label(plugin.summary)
            if plugin.interpreter:
                ui.label(f"Runs in {plugin.interpreter}").classes("digits-soft digits-small digits-mono")
            if plugin.remedy:
                ui.label(plugin.remedy).classes("digits-mono digits-small")
        with cell():
            state = "done" if plugin.available else "queued"
            words = "usable" if plugin.available else "missing"
            ui.label(words).classes("digits-state digits-small").props(f"data-state={state}")
            ui.label(plugin.plugin).classes("digits-soft digits-small digits-number")


def _plural(kind: str) -> str:
    words = kind.replace("_", " ").capitalize()
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"
