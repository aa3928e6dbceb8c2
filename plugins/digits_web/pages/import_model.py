"""Import a model: its files, and what they do not say themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from nicegui import ui

from digits_core.errors import DigitsError, Problem
from digits_core.spec.imported import ModelSpec
from digits_web.access.person import Role
from digits_web.importing import import_model
from digits_web.pages.models import NEW
from digits_web.parts import model_fields as words
from digits_web.parts.aside import aside
from digits_web.parts.errors import list_problems
from digits_web.parts.fields import Fields
from digits_web.parts.files import ANY, Files
from digits_web.parts.frame import frame, section
from digits_web.parts.page_words import hint_on_page
from digits_web.parts.person import person
from digits_web.web import Web


def add(web: Web) -> None:
    """Register the page; before that of one model, whose address would fit this one too."""

    @ui.page(NEW)
    def new_model() -> None:
        with frame("Import a model"):
            if not person().may(Role.EDITOR):
                ui.label("Importing models takes the role of an editor.").classes("digits-card")
                return
            ImportForm(web)


class ImportForm:
    """The request, as one fills it in.

    Args:
        web: Where the model is made.
    """

    def __init__(self, web: Web) -> None:
        self._web, self._person = web, person()
        self._request: dict[str, Any] = {}
        self._fields = Fields(ModelSpec, self._request, lambda: None)
        with ui.element("div").classes("digits-card digits-page"):
            section("Model")
            self._fields.one(words.NAME)
            hint = "Of Caffe the .prototxt and the .caffemodel; of torchvision and timm one file: .safetensors, .pth."
            self._files = {"paths": Files(web, "Files", ANY, hint=hint, several=True)}
        with ui.element("div").classes("digits-card digits-page"):
            section("What the files do not say")
            hint = "Line i names class i. Without it classes are called by numbers."
            self._files["labels"] = Files(web, "Names of the classes", (".txt", ".csv"), hint=hint)
            hint = "Of Caffe: .binaryproto or .npy. Without it the mean is what the files say."
            self._files["mean"] = Files(web, "Mean picture", (".binaryproto", ".npy"), hint=hint)
            families = [family.name for family in web.digits.networks()]
            importers = web.digits.plugins.model_importers.available()
            self._fields.add((words.network(families), *words.PICTURES, words.importer(importers)))
        self._others = ui.element("div").classes("digits-full")
        with ui.element("div").classes("digits-row"):
            self._button = ui.button("Import", on_click=self._import).props("unelevated no-caps size=lg")
            ui.label("It is read in full and checked weight by weight; large files take a while.").classes(
                "digits-soft digits-small"
            )

    def _asked(self) -> dict[str, Any]:
        chosen = {key: files.paths for key, files in self._files.items()}
        single = {key: next(iter(chosen[key]), None) for key in ("labels", "mean")}
        return {"name": "", **self._request, "paths": chosen["paths"], **single}

    async def _import(self) -> None:
        asked = self._asked()
        self._button.props("loading")
        try:
            view = await aside(import_model, self._web, self._person, asked)
        except DigitsError as error:
            self._tell(error)
            return
        finally:
            self._button.props(remove="loading")
        ui.navigate.to(f"/models/{quote(view.name)}")

    def _tell(self, error: DigitsError) -> None:
        """Write every problem to the field that it is about, and the others above the button."""
        found = [{"message": p.message, "where": p.where, "hint": hint_on_page(p.hint)} for p in error.problems]
        others = self._fields.show(found)
        for key, files in self._files.items():
            mine = [one for one in others if re.fullmatch(rf"{key}(\.\d+)?", one["where"])]
            others = [one for one in others if one not in mine]
            files.show([{"message": "Bring at least one."}] if mine and not files.paths else mine)
        self._others.clear()
        if others:
            with self._others:
                list_problems(DigitsError(*map(_problem, others)))


def _problem(told: Mapping[str, str]) -> Problem:
    return Problem(told["message"], told["where"], told["hint"])
