"""A table of two columns: what something is called, and what it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from nicegui import ui


class Table(ui.element):
    """A plain table with a heading for every column; put `row`s into it.

    Args:
        caption: What it shows, for those who do not see it.
        headings: Names of its columns; empty: its rows speak for themselves.
        addresses: Where headings lead, by name.
    """

    def __init__(self, caption: str, headings: Iterable[str] = (), addresses: Mapping[str, str] | None = None) -> None:
        super().__init__("table")
        self.classes("digits-facts")
        self.props["aria-label"] = caption
        names = tuple(headings)
        self._columns = max(len(names), 1)
        with self:
            if names:
                with ui.element("thead"), ui.element("tr"):
                    for name in names:
                        with ui.element("th").props("scope=col"):
                            if address := (addresses or {}).get(name):
                                ui.link(name, address)
                            else:
                                ui.label(name)
            self._body = ui.element("tbody")

    def group(self, name: str) -> None:
        """A heading over the rows that follow."""
        with self._body, ui.element("tr"), ui.element("th").props(f"scope=rowgroup colspan={self._columns}"):
            ui.label(name)

    @contextmanager
    def row(self, name: str, key: str = "") -> Iterator[None]:
        """A row that begins with a name; what is made within it must be in a `cell` each.

        Args:
            name: What it is about.
            key: What that is called in files and scripts; empty: nothing.
        """
        with self._body, ui.element("tr"):
            with ui.element("th").props("scope=row"):
                ui.label(name)
                if key:
                    ui.label(key).classes("digits-soft digits-small digits-mono")
            yield

    def fact(self, name: str, value: str, *, mono: bool = False) -> None:
        """A row of a name and a text."""
        with self.row(name), cell():
            ui.label(value).classes("digits-mono" if mono else "")


@contextmanager
def cell() -> Iterator[ui.element]:
    """A cell of a row."""
    with ui.element("td") as element:
        yield element
