"""The editor's tab: a network of one's own, begun from a standard one or a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nicegui import ui
from starlette.datastructures import UploadFile

from digits_core.service.digits import Digits
from digits_web.modelling.catalogue import Catalogue
from digits_web.modelling.desk import Desk, Outlook
from digits_web.modelling.editor import NetworkEditor
from digits_web.parts.aside import aside
from digits_web.parts.errors import problems_shown
from digits_web.parts.uploading import Upload

#: Largest network file that is taken.
MOST_BYTES = 4 * 2**20


class CustomTab:
    """A network as text.

    Args:
        desk: The draft.
        catalogue: What there is.
    """

    def __init__(self, desk: Desk, catalogue: Catalogue) -> None:
        self._desk = desk
        with ui.element("div").classes("digits-row"):
            self._begin = ui.select([], label="Begin from", on_change=lambda event: self._from(event.value))
            self._begin.props("dense outlined options-dense").style("min-width: 13rem")
            upload = Upload(self._take, "A network file", MOST_BYTES, accept=".yaml,.yml,.json,.prototxt")
            ui.button("Upload", icon="upload", on_click=upload.pick).props("outline no-caps").tooltip(
                "A network file (YAML), or a prototxt of Caffe"
            )
            ui.button("Download", icon="download", on_click=self._save).props("flat no-caps")
            ui.space()
            ui.label("Ctrl and space completes.").classes("digits-soft digits-small")
        self._editor = NetworkEditor(desk.draft.text, catalogue.words, self._typed)
        desk.tell(self._show)

    def offer(self, families: list[str]) -> None:
        """Say from which standard networks one may begin."""
        self._begin.set_options(families)

    def write(self, text: str) -> None:
        """Put a text into the editor."""
        self._editor.write(text)
        self._desk.draft.text = text
        self._desk.changed()

    async def begin(self, family: str) -> None:
        """Begin from a standard network, sized for the dataset."""
        with problems_shown():
            digits, dataset = self._desk.web.digits, self._desk.draft.dataset
            self.write(await aside(digits.customize_network, family, dataset or None))

    async def _from(self, family: str | None) -> None:
        if family:
            await self.begin(family)

    def _typed(self, text: str) -> None:
        self._desk.draft.text = text
        self._desk.changed()

    async def _take(self, file: UploadFile) -> None:
        name, content = file.filename or "network", await file.read()
        text, notes = await aside(read_network, self._desk.web.digits, name, content)
        self.write(text)
        for note in notes:
            ui.notify(note, multi_line=True)

    def _save(self) -> None:
        ui.download.content(self._desk.draft.text, "network.yaml", "application/yaml")

    def _show(self, outlook: Outlook) -> None:
        mine = self._desk.draft.network() == self._desk.draft.text and outlook.sketch is not None
        self._editor.show(outlook.sketch.mistakes if mine and outlook.sketch else ())


def read_network(digits: Digits, name: str, content: bytes) -> tuple[str, tuple[str, ...]]:
    """The text of a network file that was uploaded, and what a person should know of it.

    Args:
        digits: Knows how files of other systems are read.
        name: The file's name.
        content: What is in it.

    Raises:
        NetworkInvalid: If it is of another system, and cannot be read or built here; with every problem.
    """
    suffix = Path(name).suffix.lower()
    if suffix in (".yaml", ".yml", ".json"):
        return content.decode("utf-8", errors="replace"), ()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(name).name or "network")
        path.write_bytes(content)
        found = digits.import_network(path)
    return found.text, found.notes
