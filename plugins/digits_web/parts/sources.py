"""Where pictures come from: paths of the server, a folder that is browsed to, or a zip archive that is brought."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui
from starlette.datastructures import UploadFile

from digits_core.errors import SourceInvalid
from digits_web.access.person import Role
from digits_web.outside import keep_upload, place_of, uploads_of
from digits_web.parts.aside import aside
from digits_web.parts.folders import FolderDialog
from digits_web.parts.numbers import size
from digits_web.parts.person import person
from digits_web.parts.uploading import Upload
from digits_web.uploads import SCHEME
from digits_web.web import Web


class Sources:
    """The paths of a request: chosen one after the other, and taken out again.

    Args:
        web: What may be read, and where uploads go.
        paths: Those that there are; changed in place.
        changed: Is told after every change.
    """

    def __init__(self, web: Web, paths: list[str], changed: Callable[[], object]) -> None:
        self._web, self.paths, self._changed = web, paths, changed
        self._names: dict[str, str] = {}
        self._chosen = ui.element("div").classes("digits-row digits-full")
        if web.settings.roots:
            self._server_paths()
        self._upload()
        self._draw()

    def _server_paths(self) -> None:
        dialog = FolderDialog(self._web.settings.roots, self.add)
        with ui.element("div").classes("digits-row digits-full"):
            field = ui.input("Folder or list on this server", placeholder=str(self._web.settings.roots[0]))
            field.props("stack-label")
            field.on("keydown.enter", lambda: self._typed(field))
            field.style("flex: 1 1 14rem")
            ui.button("Add", on_click=lambda: self._typed(field)).props("flat no-caps")
            ui.button("Browse", icon="folder_open", on_click=dialog.open).props("outline no-caps no-wrap")

    def _typed(self, field: ui.input) -> None:
        if field.value:
            self.add(field.value.strip())
            field.value = ""

    def _upload(self) -> None:
        most = self._web.settings.most_upload_bytes
        words = "One folder for each class in it, a list of paths and labels, or IDX files."
        ui.label(words).classes("digits-soft digits-small")
        label = f"Or bring a zip with one folder for each class, at most {size(most)}"
        accept, needs = ".zip,application/zip", Role.EDITOR
        upload = Upload(self._take, "A zip archive", most, accept=accept, label=label, needs=needs)
        upload.classes("digits-full digits-upload")

    async def _take(self, file: UploadFile) -> None:
        kept = await aside(keep_upload, self._web, person(), file.filename or "upload", file.file)
        reference = SCHEME + kept.id
        if not (await aside(place_of, self._web, reference)).is_dir():
            await aside(uploads_of(self._web).drop, kept.id)
            hint = "Put the folder of pictures into a zip archive, and bring that."
            raise SourceInvalid(f"{kept.name} is no zip archive, or a damaged one.", hint=hint)
        self._names[reference] = f"{kept.name} ({kept.files:,} files)"
        self.add(reference)

    def add(self, path: str) -> None:
        """Take a path in."""
        if path not in self.paths:
            self.paths.append(path)
            self._draw()
            self._changed()

    def _drop(self, path: str) -> None:
        self.paths.remove(path)
        self._draw()
        self._changed()

    def _draw(self) -> None:
        self._chosen.set_visibility(bool(self.paths))
        self._chosen.clear()
        with self._chosen:
            for path in self.paths:
                label = self._names.get(path, path)
                icon = "folder_zip" if path.startswith(SCHEME) else "folder"
                chip = ui.chip(label, icon=icon, removable=True, on_value_change=lambda path=path: self._drop(path))
                chip.props(f'outline color=primary remove-aria-label="Remove {label}"').classes("digits-chip")
