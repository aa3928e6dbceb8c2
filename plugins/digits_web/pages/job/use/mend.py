"""Pictures of a dataset that are chosen, and given another class or left out: a new version of the dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from nicegui import ui
from nicegui.element import Element

from digits_core.service.views.evaluation import GuessedView
from digits_core.service.views.mining import FindingView
from digits_web.access.person import Role
from digits_web.ownership import dataset_owner
from digits_web.pages.job.use.pictures import picture_address
from digits_web.pages.job.use.used import Used
from digits_web.parts.attempt import attempt, change
from digits_web.parts.numbers import percent
from digits_web.parts.person import person
from digits_web.parts.tiles import Tiles

if TYPE_CHECKING:
    from digits_core.dataset.manifest import DatasetManifest


@dataclass(frozen=True, slots=True)
class Doubted:
    """A picture that may have to be mended.

    Attributes:
        split: Its split.
        index: Its place in it.
        key: Its key.
        hash: What tells it from others of that key.
        label: Its class.
        words: What is said under it.
        to: The class that it more likely is of; empty: nobody knows.
    """

    split: str
    index: int
    key: str
    hash: str
    label: str
    words: str
    to: str = ""

    @classmethod
    def of_guess(cls, one: GuessedView) -> Doubted:
        """A picture of an evaluation."""
        to = one.taken if one.taken != one.label else ""
        words = f"{one.taken} {percent(one.probability)}"
        return cls(one.split, one.index, one.key, one.hash, one.label, words, to)

    @classmethod
    def of_finding(cls, one: FindingView) -> Doubted:
        """A picture that error mining found."""
        words = f"{one.predicted} {percent(one.probability)}"
        if one.other:
            words = f"also {one.other}"
        return cls(one.split, one.index, one.key, one.hash, one.label, words, one.to or one.predicted)


class Mending:
    """A grid of pictures with what can be done with those that are chosen.

    Args:
        used: The model that doubts them; training goes on from it.
        dataset: Name of the dataset.
        version: Its version.
        labels: Its classes.
    """

    def __init__(self, used: Used, dataset: str, version: str, labels: Sequence[str]) -> None:
        self._used, self._dataset, self._version = used, dataset, version
        self._pictures: dict[str, Doubted] = {}
        with ui.element("div").classes("digits-stack"):
            self._told = ui.element("div").classes("digits-full").props("role=status")
            with ui.element("div").classes("digits-row") as tools:
                self._tools(labels)
            self._tiles = Tiles(self._count)
        tools.visible = person().may(Role.EDITOR)

    def show(self, pictures: Sequence[Doubted]) -> None:
        """Show these; none of them is chosen."""
        self._pictures = {f"{one.split}/{one.index}": one for one in pictures}
        self._tiles.clear()
        self._tiles.show([self._row(id, one) for id, one in self._pictures.items()])

    def _tools(self, labels: Sequence[str]) -> None:
        ui.button("All", icon="done_all", on_click=lambda: self._tiles.choose(self._tiles.shown)).props("flat no-caps")
        ui.button("None", on_click=lambda: self._tiles.clear()).props("flat no-caps")
        classes = {"": "what the model says", **{label: label for label in labels}}
        self._to = ui.select(classes, label="New class", value="").props("dense outlined").style("min-width: 12rem")
        self._relabel = ui.button("Relabel", icon="label", on_click=self._relabelled).props("unelevated no-caps")
        self._exclude = ui.button("Leave out", icon="block", on_click=self._excluded).props("outline no-caps")

    def _row(self, id: str, one: Doubted) -> dict[str, Any]:
        source = picture_address(self._dataset, self._version, one.split, one.index)
        return {"id": id, "src": source, "label": one.label, "key": one.words}

    def _count(self) -> None:
        count = len(self._tiles.chosen)
        self._relabel.text = f"Relabel {count}" if count else "Relabel"
        self._exclude.text = f"Leave out {count}" if count else "Leave out"
        self._relabel.enabled = self._exclude.enabled = bool(count)

    def _those(self) -> list[Doubted]:
        return [self._pictures[id] for id in self._tiles.chosen]

    async def _relabelled(self) -> None:
        chosen = self._to.value
        pictures = [{**_named(one), "to": chosen or one.to or one.label} for one in self._those()]
        await self._change({"action": "relabel", "pictures": pictures})

    async def _excluded(self) -> None:
        await self._change({"action": "exclude", "pictures": [_named(one) for one in self._those()]})

    async def _change(self, request: dict[str, Any]) -> None:
        """Change the newest version, so that one mending after another adds up."""
        web, digits = self._used.live.web, self._used.digits
        owner = await attempt(lambda: dataset_owner(web, self._dataset))
        made: list[DatasetManifest] = []
        work = partial(digits.change_dataset, self._dataset, request)
        if owner is not None and await change(
            web, f"{request['action']} pictures", f"Dataset {self._dataset}", owner, lambda: made.append(work())
        ):
            self._tiles.clear()
            self._tell(made[0].reference, len(request["pictures"]))

    def _tell(self, reference: str, count: int) -> None:
        model = quote(self._used.model)
        self._told.clear()
        with self._told, ui.element("div").classes("digits-card digits-row"):
            ui.icon("check_circle", size="1.5rem").style("color: var(--good)").props("aria-hidden=true")
            ui.label(f"Version {reference} is made: {count} {'picture' if count == 1 else 'pictures'} changed.").style(
                "margin-right: auto"
            )
            ui.button(
                "Train from here", on_click=lambda: ui.navigate.to(f"/jobs/new?dataset={quote(reference)}&from={model}")
            ).props("unelevated no-caps")
            ui.button("See the dataset", on_click=lambda: ui.navigate.to(f"/datasets/{quote(self._dataset)}")).props(
                "flat no-caps"
            )


def _named(one: Doubted) -> dict[str, str]:
    return {"key": one.key, "split": one.split, "hash": one.hash}


def pages(place: Element, total: int, page: int, count: int, go: Any) -> None:
    """Which page of many this is, and the way to others; nothing where there is one only."""
    place.clear()
    last = max(0, -(-total // count) - 1)
    if last:
        with place:
            ui.pagination(1, last + 1, value=page + 1, direction_links=True, on_change=lambda e: go(int(e.value) - 1))
