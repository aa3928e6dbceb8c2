"""The pictures of a dataset, page by page; those that are chosen get another class, or are left out."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from nicegui import ui

from digits_core.errors import DigitsError
from digits_core.service.views.datasets import GalleryView
from digits_core.spec.dataset import Split
from digits_web.parts.addresses import address, question
from digits_web.parts.aside import aside
from digits_web.parts.errors import show_problems
from digits_web.parts.tiles import TILE_PIXELS, Tiles
from digits_web.web import Web

#: Pictures on a page.
PAGE = 60
_ALL = "all classes"

Change = Callable[[Mapping[str, Any]], Coroutine[Any, Any, bool]]


class Gallery:
    """Filters, pictures and pages; where one is stays in the address.

    Args:
        web: Whose dataset.
        dataset: ``NAME@VERSION``.
        labels: Names of its classes.
        splits: Its splits that have pictures, and how many.
        where: What the address says: ``split``, ``label``, ``q``, and ``page`` from 1.
        change: Makes a new version; None: nobody may.
    """

    def __init__(
        self,
        web: Web,
        dataset: str,
        labels: tuple[str, ...],
        splits: Mapping[str, int],
        where: Mapping[str, Any],
        change: Change | None,
    ) -> None:
        self._web, self._dataset, self._labels, self._change = web, dataset, labels, change
        self._split: Split = where["split"] if where["split"] in splits else next(iter(splits), "train")
        self._label = where["label"] if where["label"] in labels else _ALL
        self._query, self._page = where["q"], max(1, where["page"])
        self._filters(splits)
        self._tiles = Tiles(self._chosen)
        with ui.element("div").classes("digits-row").style("justify-content: center"):
            self._pages = ui.pagination(1, 1, value=1, direction_links=True, on_change=self._turn)
            self._pages.props("max-pages=7 boundary-numbers")
        self._bar()

    async def show(self) -> None:
        """Fetch the page and show it."""
        label = None if self._label == _ALL else self._label
        try:
            found = await aside(
                self._web.digits.gallery,
                self._dataset,
                split=self._split,
                label=label,
                query=self._query,
                page=self._page - 1,
                count=PAGE,
            )
        except DigitsError as error:
            show_problems(error)
            return
        self._told.text = f"{found.total:,} pictures" if found.total != 1 else "1 picture"
        self._tiles.show(self._rows(found))
        self._pages.max = max(1, found.pages)
        self._pages.set_visibility(found.pages > 1)

    def _rows(self, found: GalleryView) -> list[dict[str, Any]]:
        return [
            {
                "id": f"{found.split}/{item.index}",
                "src": address(
                    f"/api/v1/datasets/{self._dataset}/pictures/{found.split}/{item.index}", {"size": TILE_PIXELS}
                ),
                "label": item.label,
                "key": item.key,
                "split": found.split,
            }
            for item in found.items
        ]

    def _filters(self, splits: Mapping[str, int]) -> None:
        named = {split: f"{split} ({count:,})" for split, count in splits.items()}
        with ui.element("div").classes("digits-row digits-full"):
            self._split_field = ui.toggle(named, value=self._split, on_change=self._filtered).props("no-caps")
            self._split_field.props["aria-label"] = "Split"
            self._label_field = ui.select(
                [_ALL, *self._labels], value=self._label, label="Class", with_input=True, on_change=self._filtered
            ).style("min-width: 11rem")
            self._query_field = ui.input("Search keys", value=self._query, on_change=self._filtered)
            self._query_field.props('clearable stack-label debounce=300 placeholder="part of a key, or cat/*"').style(
                "min-width: 14rem"
            )
            self._told = ui.label().classes("digits-soft digits-small").props("aria-live=polite")

    async def _filtered(self) -> None:
        self._split, self._label = self._split_field.value, self._label_field.value or _ALL
        self._query, self._page = self._query_field.value or "", 1
        self._pages.value = 1
        await self._moved()

    async def _turn(self) -> None:
        if self._pages.value and self._pages.value != self._page:
            self._page = self._pages.value
            await self._moved()

    async def _moved(self) -> None:
        label = "" if self._label == _ALL else self._label
        page = self._page if self._page > 1 else 0
        asked = question({"split": self._split, "label": label, "q": self._query, "page": page})
        ui.navigate.history.replace(asked or "?")
        await self.show()

    def _bar(self) -> None:
        with ui.element("div").classes("digits-card digits-row digits-chosen") as self._panel:
            self._count = ui.label().classes("digits-number").style("font-weight: 600; margin-right: auto")
            ui.button("Choose all here", on_click=lambda: self._tiles.choose(self._tiles.shown)).props("flat no-caps")
            ui.button("Choose none", on_click=self._tiles.clear).props("flat no-caps")
            if self._change is not None:
                self._to = ui.select(
                    list(self._labels), label="Another class", with_input=True, new_value_mode="add-unique"
                ).style("min-width: 11rem")
                ui.button("Relabel", on_click=self._relabel).props("outline no-caps")
                ui.button("Leave out", on_click=self._exclude).props("outline no-caps color=negative")
        self._panel.set_visibility(False)

    def _chosen(self) -> None:
        count = len(self._tiles.chosen)
        self._count.text = f"{count:,} chosen"
        self._panel.set_visibility(bool(count))

    def _references(self) -> list[dict[str, str]]:
        return [{"key": row["key"], "split": row["split"]} for row in self._tiles.chosen.values()]

    async def _relabel(self) -> None:
        if not self._to.value:
            self._to.error = "Which class?"
            return
        self._to.error = None
        pictures = [{**reference, "to": self._to.value} for reference in self._references()]
        await self._make({"action": "relabel", "pictures": pictures})

    async def _exclude(self) -> None:
        await self._make({"action": "exclude", "pictures": self._references()})

    async def _make(self, request: Mapping[str, Any]) -> None:
        if self._change is not None and await self._change(request):
            self._tiles.clear()
