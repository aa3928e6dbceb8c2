"""The pictures that each class scores highest: what the model has learned to look for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from digits_core.service.views.classification import TopView
from digits_core.spec.dataset import SPLITS
from digits_web.access.person import Role
from digits_web.pages.job.use.awaited import Awaited
from digits_web.pages.job.use.pictures import picture, picture_address
from digits_web.pages.job.use.used import Used
from digits_web.parts.frame import section
from digits_web.parts.numbers import percent
from digits_web.parts.person import allow, person

#: Classes whose pictures are shown at first.
MOST = 50


async def build(used: Used) -> Callable[[], Awaitable[None]]:
    """The form, and a row of pictures for each class; returns what looks again."""
    shown = Top(used)
    await shown.awaited.look()
    return shown.awaited.look


class Top:
    """What is asked, and what was found."""

    def __init__(self, used: Used) -> None:
        self._used = used
        with ui.element("div").classes("digits-card digits-row"):
            self._split = ui.select(list(SPLITS), label="Pictures", value="val").props("dense outlined")
            self._count = ui.number("Per class", value=9, min=1, max=100, step=1).props("dense outlined")
            for one in (self._split, self._count):
                one.style("min-width: 8rem")
            button = ui.button("Show", icon="workspace_premium", on_click=self._ask).props("unelevated no-caps")
            allow(button, person().lacks(Role.EDITOR))
            ui.label("Scores every picture of the split, and shows those that each class scores highest.").classes(
                "digits-soft digits-small"
            )
        self.awaited = Awaited(used, "top", "Scoring pictures", _show)

    async def _ask(self) -> None:
        wanted: dict[str, Any] = {"split": self._split.value, "count": int(self._count.value or 9)}
        wanted |= self._used.elsewhere
        await self.awaited.submit({"model": self._used.model, "wanted": wanted})


def _show(found: TopView) -> None:
    ui.label(f"{found.samples:,} {found.split} pictures of {found.dataset}@{found.version}, scored by {found.model}.")
    for one in found.classes[:MOST]:
        section(one.label)
        with ui.element("div").classes("digits-ranked").props(f'role=list aria-label="Top pictures of {one.label}"'):
            for ranked in one.pictures:
                with ui.element("div").classes("digits-doubted").props("role=listitem"):
                    source = picture_address(found.dataset, found.version, found.split, ranked.number)
                    picture(source, f"{ranked.image}, {ranked.truth}")
                    ui.label(percent(ranked.probability)).classes("digits-number digits-small")
                    if ranked.truth != one.label:
                        ui.label(f"is {ranked.truth}").classes("digits-small").style("color: var(--bad)")
    if len(found.classes) > MOST:
        ui.label(f"The first {MOST} of {len(found.classes):,} classes are shown.").classes("digits-soft")
