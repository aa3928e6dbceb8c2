"""The four ways of bringing a picture to size, side by side on a picture of one's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nicegui import ui

from digits_core.service.views.datasets import SourcePictureView
from digits_web.parts.addresses import address

#: Each with what it does.
MODES = {
    "squash": "Each side by itself",
    "crop": "Fill, then cut",
    "fill": "Fit, then pad",
    "half-crop": "Half of both",
}
#: Where `pages/new_dataset.py` answers with a picture.
PREVIEW = "/datasets/new/picture"
_SOURCES = ("paths", "source", "val", "val_path", "test_path", "labels", "prefix", "width", "height", "channels")


class ResizeModes:
    """Four pictures, of which one is chosen.

    Args:
        chosen: The mode that is.
        changed: Is told another one.
    """

    def __init__(self, chosen: str, changed: Callable[[str], object]) -> None:
        self._chosen, self._changed = chosen, changed
        self._pictures: Sequence[SourcePictureView] = ()
        self._request: Mapping[str, Any] = {}
        self._number = 0
        self._tiles: dict[str, ui.element] = {}
        self._images: dict[str, ui.element] = {}
        with ui.element("div").classes("digits-modes digits-full").props('role=group aria-label="Resizing"'):
            for mode, words in MODES.items():
                self._tile(mode, words)
        with ui.element("div").classes("digits-row digits-small") as self._which:
            self._name = ui.label().classes("digits-soft")
            ui.button("Another picture", icon="shuffle", on_click=self._next).props("flat dense no-caps size=sm")
        self._mark()

    def show(self, request: Mapping[str, Any], pictures: Sequence[SourcePictureView]) -> None:
        """Show examples of what is asked for."""
        self._request, self._pictures = request, pictures
        self._draw()

    def _tile(self, mode: str, words: str) -> None:
        with ui.element("button").classes("digits-tile").props("type=button") as tile:
            self._images[mode] = ui.element("img").props('alt=""')
            ui.element("span").props(f'innerText="{mode}"').style("font-weight: 500")
            ui.element("span").props(f'innerText="{words}"')
        tile.props["aria-label"] = f"Resize by {mode}: {words}"
        tile.on("click", lambda: self._choose(mode))
        self._tiles[mode] = tile

    def _choose(self, mode: str) -> None:
        self._chosen = mode
        self._mark()
        self._changed(mode)

    def _next(self) -> None:
        self._number += 1
        self._draw()

    def _mark(self) -> None:
        for mode, tile in self._tiles.items():
            tile.props["aria-pressed"] = "true" if mode == self._chosen else "false"
        self._which.set_visibility(bool(self._pictures))

    def _draw(self) -> None:
        self._mark()
        for image in self._images.values():
            image.set_visibility(bool(self._pictures))
        if not self._pictures:
            return
        picture = self._pictures[self._number % len(self._pictures)]
        self._name.text = f"{picture.label}: {picture.key}"
        words = {key: self._request[key] for key in _SOURCES if key in self._request}
        for mode, image in self._images.items():
            asked = {"request": json.dumps({**words, "resize": mode}), "number": picture.number}
            image.props["src"] = address(PREVIEW, asked)
