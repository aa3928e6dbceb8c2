"""The network: standard, of an earlier job, pretrained, or one's own."""

from __future__ import annotations

from nicegui import ui

from digits_web.modelling.catalogue import Catalogue
from digits_web.modelling.custom import CustomTab
from digits_web.modelling.desk import Desk
from digits_web.modelling.drawing import Drawing
from digits_web.modelling.pretrained import PretrainedTab
from digits_web.modelling.previous import PreviousTab
from digits_web.modelling.standard import StandardTab
from digits_web.parts.aside import aside
from digits_web.parts.frame import section

TABS = {"standard": "Standard", "previous": "Previous", "pretrained": "Pretrained", "custom": "Custom"}


class NetworkPanel:
    """Where the network is from, what it is, and what it looks like.

    Args:
        desk: The draft.
        catalogue: What there is.
        jobs: Jobs by id, each with what it trained.
        models: Models by name, each with what it is.
    """

    def __init__(self, desk: Desk, catalogue: Catalogue, jobs: dict[str, str], models: dict[str, str]) -> None:
        self._desk, self._catalogue = desk, catalogue
        self._places: dict[str, ui.element] = {}
        with ui.element("section").classes("digits-card digits-stack"):
            section("Network")
            self._tabs = ui.tabs(value=desk.draft.tab, on_change=lambda event: self._turn(event.value))
            self._tabs.props("dense no-caps align=left outside-arrows mobile-arrows active-color=primary")
            with self._tabs:
                for name, label in TABS.items():
                    ui.tab(name, label)
            for name in TABS:
                self._places[name] = ui.element("div").classes("digits-stack")
                self._places[name].visible = name == desk.draft.tab
            with self._places["standard"]:
                self._standard = StandardTab(desk, catalogue, self._customize)
            with self._places["previous"]:
                PreviousTab(desk, jobs, self._customize)
            with self._places["pretrained"]:
                PretrainedTab(desk, models)
            with self._places["custom"]:
                self._custom = CustomTab(desk, catalogue)
            drawing = Drawing()
        desk.tell(lambda outlook: drawing.show(outlook.sketch))

    async def fill(self) -> None:
        """Show what the dataset makes of the networks."""
        await self._standard.fill()
        networks = await aside(self._catalogue.networks, self._desk.draft.dataset)
        self._custom.offer([network.name for network in networks if not network.refused])

    async def _turn(self, tab: str) -> None:
        draft = self._desk.draft
        draft.tab = tab  # type: ignore[assignment]
        for name, place in self._places.items():
            place.visible = name == tab
        self._desk.changed()
        if tab == "custom" and not draft.text.strip():
            await self._custom.begin(draft.family)

    async def _customize(self) -> None:
        draft = self._desk.draft
        if draft.tab == "previous":
            self._custom.write(draft.previous_text)
        else:
            await self._custom.begin(draft.network() or draft.family)
        self._tabs.value = "custom"
