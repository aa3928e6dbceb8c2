"""Tabs that the address remembers, and that are made when they are first looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from nicegui import ui

#: Makes the content of a tab, and returns what looks again for it while it is shown; None: nothing there changes.
Build = Callable[[], Awaitable[Callable[[], Awaitable[None]] | None]]


class Address:
    """What the query of a page's address holds: a reload shows the same.

    Args:
        query: As it is.
    """

    def __init__(self, query: dict[str, str]) -> None:
        self._query = dict(query)

    def get(self, key: str) -> str:
        """A value; empty where there is none."""
        return self._query.get(key, "")

    def put(self, **values: str) -> None:
        """Set values, and remove those that are empty; the browser's address follows."""
        self._query.update(values)
        self._query = {key: value for key, value in self._query.items() if value}
        ui.navigate.history.replace(f"?{urlencode(self._query)}")


@dataclass(frozen=True, slots=True)
class Part:
    """A tab.

    Attributes:
        name: In the address.
        label: For people.
        icon: A Material icon.
        build: Makes its content.
    """

    name: str
    label: str
    icon: str
    build: Build


class Tabs:
    """Tabs of a page.

    Args:
        address: Where the tab that is shown is remembered.
        key: Under which name.
        parts: The tabs, from left to right.
    """

    def __init__(self, address: Address, key: str, parts: Sequence[Part]) -> None:
        self._address, self._key, self._parts = address, key, {part.name: part for part in parts}
        self._refreshing: dict[str, Callable[[], Awaitable[None]] | None] = {}
        first = address.get(key) if address.get(key) in self._parts else parts[0].name
        with ui.element("div").classes("digits-full"):
            with ui.tabs(value=first).props(
                "align=left no-caps inline-label outside-arrows mobile-arrows"
            ) as self._tabs:
                for part in parts:
                    ui.tab(part.name, part.label, part.icon)
            with ui.tab_panels(self._tabs, value=first, animated=False).classes("digits-panels"):
                self._panels = {part.name: ui.tab_panel(part.name) for part in parts}
        self._tabs.on_value_change(lambda event: self.open(event.value))

    @property
    def shown(self) -> str:
        """Name of the tab that is shown."""
        return str(self._tabs.value)

    async def start(self) -> None:
        """Make the tab that is shown first."""
        await self._build(self.shown)

    async def open(self, name: str) -> None:
        """Show a tab."""
        self._address.put(**{self._key: name})
        self._tabs.value = name
        await self._build(name)

    async def refresh(self) -> None:
        """Let the tab that is shown look again."""
        if look := self._refreshing.get(self.shown):
            await look()

    async def _build(self, name: str) -> None:
        if name not in self._refreshing:
            self._refreshing[name] = None
            with self._panels[name], ui.element("div").classes("digits-stack"):
                self._refreshing[name] = await self._parts[name].build()
