"""The versions of a dataset, and new ones: by adding pictures, or by keeping some only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nicegui import ui

from digits_web.parts.frame import section
from digits_web.parts.gallery import Change
from digits_web.parts.sources import Sources
from digits_web.parts.times import Moment
from digits_web.web import Web

if TYPE_CHECKING:
    from digits_core.dataset.manifest import DatasetManifest

_SPLITS = {"": "divided by share", "train": "all to train", "val": "all to val", "test": "all to test"}


def version_table(versions: Sequence[DatasetManifest], shown: str) -> None:
    """Every version, newest first, with what was done."""
    with ui.element("div").classes("digits-card digits-scroll"), ui.element("table").classes("digits-facts"):
        _row("th", "Version", "Made", "Train", "Val", "Test", "From", "What was done")
        for item in reversed(versions):
            with ui.element("tr"):
                with ui.element("td"):
                    mark = " (shown)" if item.version == shown else ""
                    ui.link(f"{item.version}{mark}", f"/datasets/{item.reference}")
                with ui.element("td"):
                    Moment(item.created)
                counts = (f"{item.splits.get(split, 0):,}" for split in ("train", "val", "test"))
                done = f"{item.change.action}: {item.change.summary}" if item.change else "made from pictures"
                for text in (*counts, item.change.parent if item.change else "", done):
                    with ui.element("td").classes("digits-number" if text[:1].isdigit() else ""):
                        ui.label(text)


def append_form(web: Web, change: Change) -> None:
    """Pictures that are added, as a new version."""
    paths: list[str] = []

    async def append() -> None:
        request: dict[str, Any] = {"action": "append", "paths": list(paths)}
        await change({**request, "split": split.value} if split.value else request)

    with ui.element("div").classes("digits-card digits-page"):
        section("Add pictures")
        ui.label("They become a new version; classes that are not there are added.").classes("digits-soft")
        Sources(web, paths, lambda: button.set_enabled(bool(paths)))
        with ui.element("div").classes("digits-row"):
            split = ui.select(_SPLITS, value="", label="Split").style("min-width: 11rem")
            button = ui.button("Add them", on_click=append).props("unelevated no-caps")
            button.disable()


def select_form(labels: Sequence[str], change: Change) -> None:
    """Some of the pictures, as a new version."""

    async def select() -> None:
        given = {"classes": list(classes.value or ()), "max_per_class": most.value, "count": count.value}
        request = {key: int(value) if isinstance(value, float) else value for key, value in given.items() if value}
        await change({"action": "select", **request})

    with ui.element("div").classes("digits-card digits-page"):
        section("Keep some only")
        ui.label("For quick trials, or a smaller task; what was there stays in its version.").classes("digits-soft")
        with ui.element("div").classes("digits-fields digits-full"):
            classes = ui.select(list(labels), label="Classes", multiple=True, with_input=True).props("use-chips")
            most = ui.number("Most of a class in a split", min=1, format="%d")
            count = ui.number("Most in a split", min=1, format="%d")
        with ui.element("div").classes("digits-row"):
            ui.button("Keep these", on_click=select).props("unelevated no-caps")


def _row(kind: str, *texts: str) -> None:
    with ui.element("tr"):
        for text in texts:
            with ui.element(kind):
                ui.label(text)
