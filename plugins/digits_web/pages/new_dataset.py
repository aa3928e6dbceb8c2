"""New dataset: where pictures come from, what is made of them, and what would be found, as one types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from nicegui import app, ui

from digits_core.errors import DigitsError, Problem
from digits_core.service.views.datasets import SourcePreviewView
from digits_core.service.views.jobs import JobView
from digits_core.spec.dataset import DatasetSpec
from digits_web.access.person import Person, Role
from digits_web.outside import dataset_request
from digits_web.parts import dataset_fields as words
from digits_web.parts.aside import aside
from digits_web.parts.distribution import class_chart
from digits_web.parts.errors import list_problems, show_problems
from digits_web.parts.fields import Fields, Words, put, take
from digits_web.parts.frame import frame, section
from digits_web.parts.page_words import hint_on_page
from digits_web.parts.person import person
from digits_web.parts.resizing import PREVIEW, ResizeModes
from digits_web.parts.sources import Sources
from digits_web.parts.tiles import use_pictures
from digits_web.web import Web

#: Seconds without a key before the request is looked at again.
_PAUSE_S = 0.4
#: Most pixels of a side of a preview: it shows what is seen, not how much of it.
_PREVIEW_PIXELS = 320
_SIZES = {"28 × 28": 28, "32 × 32": 32, "64 × 64": 64, "96 × 96": 96, "224 × 224": 224, "256 × 256": 256}


def add(web: Web) -> None:
    """Register the page, and the pictures on it."""
    use_pictures()

    @ui.page("/datasets/new")
    def new_dataset(asked: str = "") -> None:
        with frame("New dataset"):
            if not person().may(Role.EDITOR):
                ui.label("Making datasets takes the role of an editor.").classes("digits-card")
                return
            NewDataset(web, _read(asked))

    @app.get(PREVIEW)
    def picture(asker: Request, request: str, number: int = 0) -> Response:
        try:
            who: Person = asker.state.person
            who.require(Role.EDITOR)
            asked = dataset_request(web, _read(request))
            data = web.digits.preview(web.digits.source_picture(asked, number), _form(asked))
        except DigitsError as error:
            return Response(str(error), 422, media_type="text/plain")
        return Response(data, media_type="image/png", headers={"cache-control": "private, max-age=300"})


class NewDataset:
    """The form, and beside it what would become of it.

    Args:
        web: Where it is made.
        request: What is asked for to begin with.
    """

    def __init__(self, web: Web, request: dict[str, Any]) -> None:
        self._web, self._request, self._person = web, request, person()
        request.setdefault("paths", [])
        self._fields = Fields(DatasetSpec, request, self._changed)
        self._timer = ui.timer(_PAUSE_S, self._look, once=True)
        with ui.element("div").classes("digits-two"):
            with ui.element("div").classes("digits-page"):
                self._pictures()
                self._form()
                self._split()
                self._more()
            with ui.element("div").classes("digits-card digits-stuck digits-page"):
                section("What will be made")
                self._found = ui.element("div").classes("digits-page").props("aria-live=polite")
                self._button = ui.button("Create dataset", on_click=self._create).props("unelevated no-caps size=lg")
                self._button.disable()

    def _pictures(self) -> None:
        with ui.element("div").classes("digits-card digits-page"):
            section("Pictures")
            self._fields.one(Words("name", "Name", "text"))
            Sources(self._web, self._request["paths"], self._changed)

    def _form(self) -> None:
        with ui.element("div").classes("digits-card digits-page"):
            section("Form")
            with ui.element("div").classes("digits-row"):
                for label, side in _SIZES.items():
                    ui.button(label, on_click=lambda side=side: self._square(side)).props("outline no-caps size=sm")
            with ui.element("div").classes("digits-fields digits-full"):
                self._sides = [self._fields.one(item) for item in words.SIZE]
                for item in words.FORM:
                    self._fields.one(item)
            ui.label("Pictures of another shape").classes("digits-soft digits-small")
            self._modes = ResizeModes(take(DatasetSpec, self._request, "resize"), self._resize)

    def _split(self) -> None:
        with ui.element("div").classes("digits-card digits-page"):
            section("Split")
            self._fields.add(words.SPLIT)

    def _more(self) -> None:
        with ui.expansion("Separate validation and test pictures").classes("digits-card digits-full"):
            self._fields.add(words.ELSEWHERE)
        with ui.expansion("Lists, and how sources are read").classes("digits-card digits-full"):
            known = {"auto": "auto", **{name: name for name in self._web.digits.plugins.dataset_sources.available()}}
            self._fields.add((Words("source", "Source", "choice", known), *words.LISTS))

    def _square(self, side: int) -> None:
        for field in self._sides:
            field.value = side

    def _resize(self, mode: str) -> None:
        put(DatasetSpec, self._request, "resize", mode)
        self._changed()

    def _changed(self) -> None:
        self._timer.cancel()
        self._timer = ui.timer(_PAUSE_S, self._look, once=True)

    async def _look(self) -> None:
        """Say what would be found; what is asked for stays in the address, so that a reload keeps it."""
        asked = json.loads(json.dumps(self._request))
        ui.navigate.history.replace(_address(asked))
        try:
            found = await aside(lambda: self._web.digits.preview_source(dataset_request(self._web, asked)))
        except DigitsError as error:
            found = SourcePreviewView(complete=True, problems=_told(error))
        if asked != self._request:
            return  # Another look is on its way.
        problems = [item for item in found.problems if not _is_untouched(item, asked)]
        others = self._fields.show([{**item, "hint": hint_on_page(item.get("hint", ""))} for item in problems])
        self._modes.show(asked, found.pictures)
        self._show(found, others)
        self._button.set_enabled(found.complete and not found.problems)
        if not found.complete:
            self._timer = ui.timer(1.0, self._look, once=True)

    def _show(self, found: SourcePreviewView, problems: list[Mapping[str, str]]) -> None:
        self._found.clear()
        with self._found:
            if not self._request["paths"]:
                ui.label("Choose pictures, and what would become of them is shown here.").classes("digits-soft")
            elif not found.complete:
                with ui.element("div").classes("digits-row"):
                    ui.spinner()
                    ui.label("Listing the pictures; there are many.").classes("digits-soft")
            if problems:
                list_problems(_error(problems))
            if found.classes:
                _counts(found)
                ui.label("Files are counted; those that cannot be read are left out when the dataset is made.").classes(
                    "digits-soft digits-small"
                )
                class_chart(found.classes)
            if found.left_out:
                named = ", ".join(f"{name} ({count})" for name, count in list(found.left_out.items())[:10])
                ui.label(f"Left out, too few pictures: {named}.").classes("digits-soft digits-small")

    def _submit(self, asked: Mapping[str, Any]) -> JobView:
        who, digits = self._person, self._web.digits
        who.require(Role.EDITOR)
        view = digits.describe_job(digits.submit_dataset(asked).job, owner=who.name)
        self._web.jobs.forget()
        self._web.audit(who, "create dataset", view.dataset)
        return view

    async def _create(self) -> None:
        self._button.disable()
        try:
            asked = await aside(dataset_request, self._web, self._request)
            view = await aside(self._submit, asked)
        except DigitsError as error:
            show_problems(error)
            self._button.enable()
            return
        ui.navigate.to(f"/datasets/{view.dataset}")


def _counts(found: SourcePreviewView) -> None:
    with ui.element("div").classes("digits-row"):
        for label, count in (("classes", len(found.classes)), *found.splits.items()):
            with ui.element("div").style("margin-right: 1.25rem"):
                ui.label(f"{count:,}").classes("digits-number").style("font-size: 1.4rem; font-weight: 600")
                ui.label(label).classes("digits-soft digits-small")


def _is_untouched(problem: Mapping[str, str], asked: Mapping[str, Any]) -> bool:
    """Whether something is missing of which nobody expects that it is there already."""
    key = problem.get("where", "")
    return key in ("name", "paths") and not asked.get(key)


def _read(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}


def _address(asked: Mapping[str, Any]) -> str:
    given = {key: value for key, value in asked.items() if value != []}
    return f"?asked={quote(json.dumps(given))}" if given else "?"


def _form(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The form of a preview: that which is asked for, made smaller where it is large."""
    form = {key: asked[key] for key in ("width", "height", "channels", "resize") if key in asked}
    sides = {key: take(DatasetSpec, asked, key) for key in ("width", "height")}
    if all(isinstance(side, int) for side in sides.values()):
        larger = max(1.0, max(sides.values()) / _PREVIEW_PIXELS)
        form |= {key: max(1, round(side / larger)) for key, side in sides.items()}
    return form


def _told(error: DigitsError) -> tuple[dict[str, str], ...]:
    return tuple({"message": item.message, "where": item.where, "hint": item.hint} for item in error.problems)


def _error(problems: list[Mapping[str, str]]) -> DigitsError:
    return DigitsError(*(Problem(item["message"], item.get("where", ""), item.get("hint", "")) for item in problems))
