"""Classify many pictures: uploads, a folder of the server, or a split of a dataset; a table, and CSV to take away."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from nicegui import ui
from starlette.datastructures import UploadFile

from digits_core.service.views.classification import ClassificationView, PredictionView
from digits_core.spec.dataset import SPLITS
from digits_core.spec.pictures import PicturesSpec
from digits_web.access.person import Role
from digits_web.access.roots import allowed
from digits_web.outside import keep_upload, uploads_of
from digits_web.pages.job.use.awaited import Awaited
from digits_web.pages.job.use.used import Used
from digits_web.parts.aside import aside
from digits_web.parts.attempt import attempt
from digits_web.parts.folders import FolderDialog
from digits_web.parts.numbers import percent
from digits_web.parts.person import allow, person
from digits_web.parts.uploading import Upload
from digits_web.uploads import UploadView
from digits_web.web import Web

#: Guesses of each picture, and rows of the table.
TOP, ROWS = 5, 2000


async def build(used: Used) -> Callable[[], Awaitable[None]]:
    """Where the pictures come from, and what they are taken for; returns what looks again."""
    shown = Many(used)
    await shown.awaited.look()
    return shown.awaited.look


class Many:
    """What is asked, and what was found."""

    def __init__(self, used: Used) -> None:
        self._used, refusal = used, person().lacks(Role.EDITOR)
        self._brought: list[UploadView] = []
        with ui.element("div").classes("digits-card digits-stack"):
            if refusal:
                ui.label(refusal).classes("digits-soft")
            upload = Upload(
                self._take,
                "A picture file",
                used.web.settings.most_upload_bytes,
                accept="image/*",
                label="Drop or choose several pictures",
                needs=Role.EDITOR,
                finished=self._finish,
            )
            upload.classes("digits-full digits-drop")
            if used.web.settings.roots:
                self._folder()
            with ui.element("div").classes("digits-row"):
                self._split = ui.select(list(SPLITS), label="Of the dataset", value="val").props("dense outlined")
                self._split.style("min-width: 8rem")
                allow(ui.button("Classify the split", on_click=self._of_dataset).props("flat no-caps"), refusal)
        self.awaited = Awaited(used, "classification", "Classifying", _show)

    def _folder(self) -> None:
        roots = self._used.web.settings.roots
        with ui.element("div").classes("digits-row"):
            place = ui.input("Folder or list on the server", placeholder=f"in {', '.join(map(str, roots))}")
            place.props("dense outlined stack-label").style("flex: 1; min-width: 14rem")
            dialog = FolderDialog(roots, place.set_value)
            ui.button("Browse", icon="folder_open", on_click=dialog.open).props("flat no-caps")
            named = ui.switch("Its folders name the classes", value=True)

            async def go() -> None:
                if path := await attempt(lambda: allowed(place.value or "", roots)):
                    await self._ask(PicturesSpec(images=(str(path),), by_folder=bool(named.value), within=roots))

            allow(ui.button("Classify", on_click=go).props("flat no-caps"), person().lacks(Role.EDITOR))

    async def _take(self, file: UploadFile) -> None:
        web, name = self._used.web, file.filename or "picture"
        self._brought.append(await aside(keep_upload, web, person(), name, file.file))

    async def _finish(self) -> None:
        web, brought, self._brought = self._used.web, self._brought, []
        if brought and (pictures := await attempt(lambda: _pictures(web, brought))):
            await self._ask(pictures)

    async def _of_dataset(self) -> None:
        used, split = self._used, self._split.value
        if pictures := await attempt(lambda: PicturesSpec(dataset=used.require_dataset(), split=split)):
            await self._ask(pictures)

    async def _ask(self, pictures: PicturesSpec) -> None:
        await self.awaited.submit({"model": self._used.model, "pictures": pictures, "top": TOP})


def _pictures(web: Web, brought: Sequence[UploadView]) -> PicturesSpec:
    """Pictures that were brought, by their names: they come in any order."""
    places = {one.id: uploads_of(web).path(one.id) for one in brought}
    called = {str(places[one.id]): one.name for one in sorted(brought, key=lambda one: one.name)}
    return PicturesSpec(images=tuple(called), called=called, within=tuple(path.parent for path in places.values()))


def _show(found: ClassificationView) -> None:
    with ui.element("div").classes("digits-row"):
        words = f"{len(found.predictions):,} pictures, classified by {found.model}"
        if found.samples:
            words += f": {percent(found.accuracy, 2)} of {found.samples:,} right, {percent(found.top5, 2)} in the top 5"
        ui.label(words).style("margin-right: auto")
        ui.button(
            "CSV",
            icon="download",
            on_click=lambda: ui.download.content(to_csv(found.predictions), "predictions.csv", "text/csv"),
        ).props("flat no-caps")
    for note in found.notes:
        ui.label(note).classes("digits-soft")
    columns = [
        {"name": name, "label": label, "field": name, "sortable": True, "align": "left"}
        for name, label in (("image", "Picture"), ("guess", "Taken for"), ("sure", "Probability"), ("truth", "Class"),
                            ("others", "Then"))
    ]  # fmt: skip
    rows = [_row(number, one) for number, one in enumerate(found.predictions[:ROWS])]
    if not any(row["truth"] for row in rows):
        columns = [column for column in columns if column["name"] != "truth"]
    table = ui.table(columns=columns, rows=rows, row_key="row", pagination=50).classes("digits-table digits-full")
    with table.add_slot("top-left"):
        ui.input(placeholder="Search").bind_value(table, "filter").props('dense outlined aria-label="Search"')


def _row(number: int, one: PredictionView) -> dict[str, Any]:
    # Of a file its name is enough; what a dataset calls its pictures is needed whole.
    image = one.image.rpartition("/")[2] if one.image.startswith("/") else one.image
    if one.error:
        return {"row": number, "image": image, "guess": "", "sure": "", "truth": "", "others": one.error.message}
    best, *others = one.top
    return {
        "row": number,
        "image": image,
        "guess": best.label,
        "sure": percent(best.probability, 2),
        "truth": one.truth or "",
        "others": ", ".join(f"{guess.label} {percent(guess.probability)}" for guess in others),
    }


def to_csv(predictions: Sequence[PredictionView]) -> str:
    """A row for each picture: its name, class and guesses with their probabilities, or why it could not be read."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    guesses = [name for place in range(1, TOP + 1) for name in (f"label{place}", f"probability{place}")]
    writer.writerow(["image", "truth", *guesses, "error"])
    for one in predictions:
        cells = [cell for guess in one.top for cell in (guess.label, f"{guess.probability:.6f}")]
        cells += [""] * (2 * TOP - len(cells))
        writer.writerow([one.image, one.truth or "", *cells, one.error.message if one.error else ""])
    return text.getvalue()
