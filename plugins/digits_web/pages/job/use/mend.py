"""Pictures of a dataset that are chosen, and given another class or left out: a new version of the dataset."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from nicegui import ui
from nicegui.element import Element

from digits_core.errors import StateConflict
from digits_core.service.views.evaluation import GuessedView
from digits_core.service.views.mining import FindingView
from digits_web.access.person import Role
from digits_web.ownership import dataset_owner
from digits_web.pages.job.use.pictures import picture_address
from digits_web.pages.job.use.used import Used
from digits_web.parts.attempt import attempt, change
from digits_web.parts.numbers import counted, percent
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
        done: What was done with pictures, by split and index; grids that share pictures share it.
    """

    def __init__(
        self, used: Used, dataset: str, version: str, labels: Sequence[str], done: dict[str, str] | None = None
    ) -> None:
        self._used, self._dataset, self._version = used, dataset, version
        self._done = {} if done is None else done
        self._pictures: dict[str, Doubted] = {}
        with ui.element("div").classes("digits-stack"):
            self._told = ui.element("div").classes("digits-full").props("role=status")
            with ui.element("div").classes("digits-row") as tools:
                self._tools(labels)
            self._tiles = Tiles(self._count)
        tools.visible = person().may(Role.EDITOR)

    def show(self, pictures: Sequence[Doubted]) -> None:
        """Show these; of what is chosen, only they stay so."""
        self._pictures = {f"{one.split}/{one.index}": one for one in pictures}
        kept = [row for id, row in self._tiles.chosen.items() if id in self._pictures]
        self._tiles.clear()
        self._tiles.choose(kept)
        self.mark()

    def mark(self) -> None:
        """Mark those with which something was done, here or in another grid."""
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
        done = self._done.get(id, "")
        return {"id": id, "src": source, "label": one.label, "key": one.words, "name": one.key, "done": done}

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
        done = {id: f"now {picture['to']}" for id, picture in zip(self._tiles.chosen, pictures, strict=True)}
        await self._change({"action": "relabel", "pictures": pictures}, done)

    async def _excluded(self) -> None:
        pictures = [_named(one) for one in self._those()]
        await self._change({"action": "exclude", "pictures": pictures}, dict.fromkeys(self._tiles.chosen, "left out"))

    async def _change(self, request: dict[str, Any], done: dict[str, str]) -> None:
        """Change the newest version, so that one mending after another adds up."""
        digits = self._used.digits
        made = await self._make(f"{request['action']} pictures", lambda: digits.change_dataset(self._dataset, request))
        if made is not None:
            self._done |= done
            self._tiles.clear()
            self.mark()
            self._tell(made, f"{counted(len(done), 'picture')} changed", partial(self._undo, made, list(done)))

    async def _undo(self, made: DatasetManifest, ids: Sequence[str]) -> None:
        """Make a version that is what the former one was; a dataset that was changed since stays as it is."""
        digits, former = self._used.digits, made.change.parent if made.change else ""

        def work() -> DatasetManifest:
            newest = digits.dataset(self._dataset).version
            if newest != made.version:
                message = f"{made.reference} is not the newest version any more, {newest} is."
                raise StateConflict(message, hint="Undo what came after it first.")
            return digits.change_dataset(former, {"action": "select"})

        back = await self._make("undo change of pictures", work)
        if back is not None:
            for id in ids:
                self._done.pop(id, None)
            self.mark()
            self._tell(back, "the change is undone")

    async def _make(self, action: str, work: Callable[[], DatasetManifest]) -> DatasetManifest | None:
        """Make a version, as the dataset's owner and admins may."""
        web = self._used.web
        owner = await attempt(lambda: dataset_owner(web, self._dataset))
        made: list[DatasetManifest] = []
        what = f"Dataset {self._dataset}"
        if owner is None or not await change(web, action, what, owner, lambda: made.append(work())):
            return None
        return made[0]

    def _tell(self, made: DatasetManifest, what: str, undo: Callable[[], Awaitable[None]] | None = None) -> None:
        model, reference = quote(self._used.model), made.reference
        former = made.change.parent.rpartition("@")[2] if made.change else ""
        self._told.clear()
        with self._told, ui.element("div").classes("digits-card digits-row"):
            ui.icon("check_circle", size="1.5rem").style("color: var(--good)").props("aria-hidden=true")
            with ui.element("div").style("flex: 1 1 18rem"):
                ui.label(f"Version {reference} is made of {former}: {what}.")
                ui.label("All versions are kept. Several pictures can be chosen at once.").classes(
                    "digits-soft digits-small"
                )
            if undo is not None:
                ui.button("Undo", icon="undo", on_click=undo).props("flat no-caps")
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
