"""Files of a request: brought, or chosen on the server; each with its name and a way out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

from nicegui import ui
from starlette.datastructures import UploadFile

from digits_core.errors import SourceInvalid
from digits_web.access.person import Role
from digits_web.outside import keep_upload, place_of, uploads_of
from digits_web.parts.aside import aside
from digits_web.parts.folders import FolderDialog
from digits_web.parts.person import allow, person
from digits_web.parts.uploading import Upload
from digits_web.uploads import SCHEME
from digits_web.web import Web

#: Endings of files whatever they are.
ANY = ("",)


class Files:
    """One file, or several.

    Args:
        web: What may be read, and where uploads go.
        label: What is chosen, for people.
        endings: How names of such files end; `ANY`: anyhow.
        hint: What they are for.
        changed: Is told after every change.
        several: Whether there may be more than one.
    """

    def __init__(
        self,
        web: Web,
        label: str,
        endings: tuple[str, ...],
        *,
        hint: str = "",
        changed: Callable[[], Awaitable[None]] | None = None,
        several: bool = False,
    ) -> None:
        self._web, self._label, self._changed, self._several = web, label, changed, several
        #: As a request names them.
        self.paths: list[str] = []
        self._names: dict[str, str] = {}
        with ui.element("div").classes("digits-full").props("role=group").style("display: grid; gap: .4rem") as place:
            place.props["aria-label"] = label
            with ui.element("div").classes("digits-row"):
                ui.label(label).classes("digits-strong")
                self._bring(endings)
            self._chosen = ui.element("div").classes("digits-row")
            if hint:
                ui.label(hint).classes("digits-soft digits-small")
            self._problems = ui.label().classes("digits-problem").props("role=alert").style("white-space: pre-line")
        self._draw()
        self.show(())

    def show(self, problems: Iterable[Mapping[str, str]]) -> None:
        """Say what is wrong with them."""
        lines = [" ".join(filter(None, (one["message"], one.get("hint", "")))) for one in problems]
        self._problems.text = "\n".join(lines)
        self._problems.visible = bool(lines)

    def _bring(self, endings: tuple[str, ...]) -> None:
        settings, what = self._web.settings, self._label.lower()
        accept = "" if endings == ANY else ",".join(endings)
        finished = self._finish if self._several else None
        upload = Upload(
            self._take, "A file", settings.most_upload_bytes, accept=accept, needs=Role.EDITOR, finished=finished
        )
        button = ui.button("Upload", icon="upload", on_click=upload.pick).props("outline no-caps dense padding='xs sm'")
        button.props["aria-label"] = f"Upload {what}"
        allow(button, person().lacks(Role.EDITOR))
        if settings.roots:
            dialog = FolderDialog(settings.roots, self._add, endings)
            button = ui.button("Browse", icon="folder_open", on_click=dialog.open)
            button.props("flat no-caps dense padding='xs sm'").props["aria-label"] = f"Browse for {what}"

    async def _take(self, file: UploadFile) -> None:
        kept = await aside(keep_upload, self._web, person(), file.filename or "file", file.file)
        reference = SCHEME + kept.id
        if (await aside(place_of, self._web, reference)).is_dir():
            await aside(uploads_of(self._web).drop, kept.id)
            raise SourceInvalid(f"{kept.name} is a zip archive of other files.", hint="Bring the files themselves.")
        self._names[reference] = kept.name
        await self._add(reference)

    async def _finish(self) -> None:
        """Nothing is left to be done once all have come; that there is this lets a person choose several."""

    async def _add(self, path: str) -> None:
        if path not in self.paths:
            await self._take_over([*self.paths, path] if self._several else [path])

    async def _drop(self, path: str) -> None:
        await self._take_over([other for other in self.paths if other != path])

    async def _take_over(self, paths: list[str]) -> None:
        self.paths = paths
        self._draw()
        self.show(())
        if self._changed is not None:
            await self._changed()

    def _draw(self) -> None:
        self._chosen.set_visibility(bool(self.paths))
        self._chosen.clear()
        with self._chosen:
            for path in self.paths:
                label = self._names.get(path, path)
                chip = ui.chip(
                    label, icon="description", removable=True, on_value_change=lambda path=path: self._drop(path)
                )
                chip.props(f'outline color=primary remove-aria-label="Remove {label}"').classes("digits-chip")
