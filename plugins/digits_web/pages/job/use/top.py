"""The pictures that each class scores highest: what the model has learned to look for."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from digits_core.service.views.classification import TopView
from digits_core.spec.dataset import SPLITS
from digits_web.pages.job.use.pictures import picture, picture_address
from digits_web.pages.job.use.used import Used
from digits_web.parts.attempt import attempt
from digits_web.parts.frame import section
from digits_web.parts.numbers import percent
from digits_web.parts.waiting import Waiting

#: Classes whose pictures are shown at first.
MOST = 50


async def build(used: Used) -> None:
    """The form, and a row of pictures for each class."""
    Top(used)


class Top:
    """What was asked, and what was found."""

    def __init__(self, used: Used) -> None:
        self._used = used
        with ui.element("div").classes("digits-card digits-row"):
            self._split = ui.select(list(SPLITS), label="Pictures", value="val").props("dense outlined")
            self._count = ui.number("Per class", value=9, min=1, max=100, step=1).props("dense outlined")
            for one in (self._split, self._count):
                one.style("min-width: 8rem")
            self._button = ui.button("Show", icon="workspace_premium", on_click=self._look).props("unelevated no-caps")
        self._result = ui.element("div").classes("digits-stack")
        with self._result:
            ui.label("Scores every picture of the split, and shows those that each class scores highest.").classes(
                "digits-soft"
            )

    async def _look(self) -> None:
        digits, model = self._used.digits, self._used.model
        wanted: dict[str, Any] = {"split": self._split.value, "count": int(self._count.value or 9)}
        self._result.clear()
        with self._result:
            waiting = Waiting("Scoring pictures")
        self._button.disable()
        found = await attempt(lambda: digits.top(model, wanted, progress=waiting))
        waiting.close()
        self._button.enable()
        if found is not None:
            with self._result:
                _show(found)


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
