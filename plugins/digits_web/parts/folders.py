"""Choosing a folder, a list or another file of this machine, within the folders that the server may read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nicegui import ui

from digits_core.errors import DigitsError, SourceInvalid
from digits_core.spec.paths import expanded
from digits_web.access.roots import allowed
from digits_web.parts.aside import aside
from digits_web.parts.errors import show_problems
from digits_web.parts.numbers import counted

#: Entries of a folder beyond these are not shown.
MOST_ENTRIES = 1000
_LISTS = (".txt", ".csv", ".tsv")


@dataclass(frozen=True, slots=True)
class Folder:
    """What is seen of a folder.

    Attributes:
        path: Where it is, every link followed.
        folders: Names of the folders in it.
        offered: Names of the files in it that can be chosen.
        files: How many files there are.
        more: Whether there is more than is told.
    """

    path: Path
    folders: tuple[str, ...]
    offered: tuple[str, ...]
    files: int
    more: bool


def look_into(path: str | Path, roots: Sequence[Path], endings: tuple[str, ...] = _LISTS) -> Folder:
    """What is in a folder; hidden entries are left out.

    Args:
        path: The folder.
        roots: Folders that may be read.
        endings: How the names of files end that can be chosen.

    Raises:
        AccessDenied: If it lies in none of ``roots``.
        SourceInvalid: If it cannot be listed.
    """
    place = allowed(path, roots)
    folders, offered, files, more = [], [], 0, False
    try:
        with os.scandir(place) as entries:
            for number, entry in enumerate(entries):
                if more := number >= MOST_ENTRIES:
                    break
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    folders.append(entry.name)
                    continue
                files += 1
                if entry.name.lower().endswith(endings):
                    offered.append(entry.name)
    except OSError as reason:
        hint = "Check the path and its permissions."
        raise SourceInvalid(f"{place} cannot be listed: {reason.strerror}.", where="paths", hint=hint) from None
    return Folder(place, tuple(sorted(folders)), tuple(sorted(offered)), files, more)


class FolderDialog:
    """A dialog in which a folder or a list is chosen, or a file.

    Args:
        roots: Folders that may be read.
        chosen: Is told the path.
        endings: How the names of the files end of which one is to be chosen; empty: a folder or a list is.
    """

    def __init__(self, roots: Sequence[Path], chosen: Callable[[str], object], endings: tuple[str, ...] = ()) -> None:
        self._roots = tuple(expanded(root).resolve() for root in roots)
        self._chosen, self._endings = chosen, endings or _LISTS
        with ui.dialog() as self._dialog, ui.card().classes("digits-card").style("width: 36rem; max-width: 94vw"):
            ui.label(f"A {'file' if endings else 'folder'} of this server").props("role=heading aria-level=2").classes(
                "digits-section"
            )
            self._trail = ui.element("div").classes("digits-row digits-small")
            self._entries = ui.list().props("dense separator").classes("digits-full")
            self._entries.style("height: 20rem; overflow-y: auto; border: 1px solid var(--line); border-radius: .5rem")
            with ui.element("div").classes("digits-spread digits-full"):
                self._found = ui.label().classes("digits-soft digits-small")
                with ui.element("div").classes("digits-row"):
                    ui.button("Cancel", on_click=self._dialog.close).props("flat no-caps")
                    if not endings:
                        ui.button("Take this folder", on_click=self._take).props("unelevated no-caps")
        self._here: Path | None = None

    async def open(self) -> None:
        """Show it, at the folder that was looked at last."""
        self._dialog.open()
        await self._go(self._here or self._roots[0])

    async def _go(self, path: Path) -> None:
        try:
            folder = await aside(look_into, path, self._roots, self._endings)
        except DigitsError as error:
            show_problems(error)
            return
        self._here = folder.path
        self._show_trail(folder.path)
        self._entries.clear()
        with self._entries:
            for name in folder.folders:
                self._entry("folder", name, lambda name=name: self._go(folder.path / name))
            for name in folder.offered:
                self._entry("description", name, lambda name=name: self._done(folder.path / name))
        more = f", the first {MOST_ENTRIES} of them" if folder.more else ""
        self._found.text = f"{counted(len(folder.folders), 'folder')}, {counted(folder.files, 'file')}{more}"

    def _show_trail(self, path: Path) -> None:
        self._trail.clear()
        roots = [root for root in self._roots if path.is_relative_to(root)]
        top = max(roots, key=lambda root: len(root.parts)) if roots else path
        steps = [top, *reversed([step for step in path.parents if step.is_relative_to(top) and step != top])]
        with self._trail:
            for other in (root for root in self._roots if root != top):
                self._step(str(other), other, "text-color=grey")
            for step in dict.fromkeys((*steps, path)):
                self._step(str(step) if step == top else step.name, step)

    def _step(self, label: str, path: Path, props: str = "") -> None:
        ui.button(label, on_click=lambda: self._go(path)).props(f"flat dense no-caps size=sm {props}")

    def _entry(self, icon: str, name: str, act: Callable[[], object]) -> None:
        with ui.item(on_click=act).props("clickable"):
            with ui.item_section().props("avatar"):
                ui.icon(icon).props("aria-hidden=true").classes("digits-soft")
            with ui.item_section():
                ui.item_label(name)

    def _take(self) -> object:
        return self._done(self._here) if self._here is not None else None

    def _done(self, path: Path) -> object:
        """Tell what was chosen; what has to be awaited is, by the click that this is the end of."""
        self._dialog.close()
        return self._chosen(str(path))
