"""Models whose weights a job starts from, and what becomes of each weight."""

from __future__ import annotations

from nicegui import ui
from starlette.datastructures import UploadFile

from digits_core.service.views.jobs import StartView
from digits_web.access.person import Role
from digits_web.modelling.desk import Desk, Outlook
from digits_web.outside import keep_upload
from digits_web.parts.aside import aside
from digits_web.parts.empty import nothing_yet
from digits_web.parts.person import allow, person
from digits_web.parts.uploading import Upload
from digits_web.uploads import SCHEME

_NETWORKS = {
    "own": "its own, with the classes of the dataset",
    "standard": "the one under Standard",
    "custom": "the text under Custom",
}
#: What is taken as a file: archives of DIGITS, and weights of other systems.
_FILES = ".gz,.tar,.tgz,.bz2,.safetensors,.pt,.pth,.bin,.caffemodel,.onnx"


class PretrainedTab:
    """The model that a job starts from.

    Args:
        desk: The draft.
        models: Models by name, each with what it is.
    """

    def __init__(self, desk: Desk, models: dict[str, str]) -> None:
        self._desk, self._shown = desk, None
        if not models:
            nothing_yet("model_training", "There is no model yet", "Train one, or upload an archive or weights below.")
        start = desk.draft.start
        known = self._known = models if start in (*models, "") else {**models, start: start}
        self._choose = ui.select(
            known, label="Model", value=start or None, with_input=True, on_change=lambda event: self._pick(event.value)
        )
        self._choose.props("dense outlined options-dense").classes("digits-full")
        with ui.element("div").classes("digits-row"):
            most = desk.web.settings.most_upload_bytes
            upload = Upload(self._take, "A file of a model", most, accept=_FILES, needs=Role.EDITOR)
            button = ui.button("Upload an archive or weights", icon="upload", on_click=upload.pick)
            allow(button.props("outline no-caps"), person().lacks(Role.EDITOR))
        ui.label("Network").classes("digits-soft digits-small")
        radio = ui.radio(_NETWORKS, value=desk.draft.start_network, on_change=lambda event: self._network(event.value))
        radio.props('inline dense aria-label="Network that the weights come into"')
        self._table = ui.element("div").classes("digits-full")
        desk.tell(self._show)

    def _pick(self, model: str | None) -> None:
        self._desk.draft.start = model or ""
        self._desk.changed()

    def _network(self, source: str) -> None:
        self._desk.draft.start_network = source  # type: ignore[assignment]
        self._desk.changed()

    async def _take(self, file: UploadFile) -> None:
        kept = await aside(keep_upload, self._desk.web, person(), file.filename or "model", file.file)
        known = {**self._known, f"{SCHEME}{kept.id}": kept.name}
        self._choose.set_options(known, value=f"{SCHEME}{kept.id}")

    def _show(self, outlook: Outlook) -> None:
        start = outlook.sketch.start if outlook.sketch else None
        if start is not self._shown:
            self._shown = start
            self._table.clear()
            if start is not None:
                with self._table:
                    start_tables(start)


def start_tables(start: StartView) -> None:
    """What becomes of each weight of a model."""
    with ui.element("div").classes("digits-row"):
        ui.label(f"{len(start.loaded)} loaded").classes("digits-tag digits-good")
        ui.label(f"{len(start.heads)} by class names").classes("digits-tag")
        ui.label(f"{len(start.initialised)} new").classes("digits-tag digits-warn")
        ui.label(f"{len(start.skipped)} not used").classes("digits-tag")
    for note in start.notes:
        ui.label(note).classes("digits-soft digits-small")
    with ui.expansion("Every weight", icon="list").classes("digits-full"):
        rows = [{"weight": name, "what": "loaded", "why": ""} for name in start.loaded]
        rows += [
            {
                "weight": head.layer,
                "what": "by class names",
                "why": f"keeps {len(head.kept)}, {len(head.new)} new, {len(head.dropped)} dropped",
            }
            for head in start.heads
        ]
        rows += [{"weight": name, "what": "new", "why": why} for name, why in start.initialised.items()]
        rows += [{"weight": name, "what": "not used", "why": why} for name, why in start.skipped.items()]
        columns = [
            {"name": key, "label": key.capitalize(), "field": key, "align": "left"} for key in ("weight", "what", "why")
        ]
        ui.table(columns=columns, rows=rows, row_key="weight", pagination=10).classes("digits-table digits-full").props(
            "flat dense"
        )
