"""The address of an imported model, and its tabs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import quote

from fastapi import Request
from nicegui import ui
from nicegui.element import Element
from nicegui.events import ValueChangeEventArguments

from digits_core.errors import DigitsError
from digits_core.service.views.networks import ModelView
from digits_web.access.person import Role
from digits_web.pages.job import take
from digits_web.pages.job.style import add_style
from digits_web.pages.job.use.use import uses
from digits_web.pages.job.use.used import CHOICE, Used
from digits_web.pages.model import facts
from digits_web.pages.models import ALL
from digits_web.parts.aside import aside
from digits_web.parts.attempt import change
from digits_web.parts.errors import list_problems
from digits_web.parts.frame import frame
from digits_web.parts.numbers import form
from digits_web.parts.person import allow, person
from digits_web.parts.tabs import Address, Part, Tabs
from digits_web.parts.trashed import find_trashed, trashed_card
from digits_web.web import Web

#: Seconds between two looks at the jobs that use it.
LOOK_S = 1.0
#: Seconds that it may take to be opened.
_PATIENCE_S = 60.0


def add(web: Web) -> None:
    """Register the page."""

    @ui.page("/models/{name}", response_timeout=_PATIENCE_S)
    async def model_page(name: str, request: Request) -> None:
        try:
            view = await aside(web.digits.model, name)
            about = await aside(web.digits.about_model, name)
        except DigitsError as error:
            await _absent(web, name, error)
            return
        add_style()
        address = Address(dict(request.query_params))
        used = Used(web, address, name)
        with frame(name) as heading:
            with ui.element("div").classes("digits-stack") as content:
                parts = (
                    Part("facts", "Model", "info", partial(facts.build, view, about)),
                    Part("use", "Use", "image_search", partial(_use, used, view)),
                    Part("take", "Take away", "download", partial(take.take, used, lambda: name)),
                )
                tabs = Tabs(address, "tab", parts)
                await tabs.start()
            with heading, ui.element("div").classes("digits-row") as deeds:
                _deeds(web, name, about.owner, content, deeds)
        ui.timer(LOOK_S, tabs.refresh)


async def _use(used: Used, view: ModelView) -> Callable[[], Awaitable[None]]:
    """The choice of a dataset, and tabs of what the model can be used for; returns what looks again."""
    rows = await aside(used.web.datasets)
    fitting = [row.name for row in rows if row.size == view.picture]
    wanted = used.address.get("dataset")
    used.chosen = wanted if wanted in fitting else next(iter(fitting), "")
    with ui.element("div").classes("digits-row"):
        choice = ui.select(fitting, label=CHOICE, value=used.chosen or None).props("dense outlined")
        choice.style("width: 20rem; max-width: 100%")
        choice.on_value_change(partial(_choose, used))
        ui.label(
            f"Datasets are offered whose pictures are {form(view.picture)}, as the model takes them"
            f"{'' if fitting else '; there is none'}. Pictures that you bring may have any size."
        ).classes("digits-soft digits-small").style("flex: 1 1 16rem")
    tabs = uses(used)
    await tabs.start()
    return tabs.refresh


def _choose(used: Used, event: ValueChangeEventArguments[str | None]) -> None:
    used.chosen = event.value or ""
    used.address.put(dataset=used.chosen)


def _deeds(web: Web, name: str, owner: str, content: Element, deeds: Element) -> None:
    """What can be done with the model."""

    async def discard() -> None:
        """Move it into the trash, from where one click brings it back."""
        if await change(web, "discard model", name, owner, lambda: web.digits.discard_model(name)):
            found = await find_trashed(web, "model", name)
            deeds.visible = False
            content.clear()
            with content:
                if found is not None:
                    trashed_card(web, found, name, "Undo")

    train = ui.button(
        "Train from it", icon="play_arrow", on_click=lambda: ui.navigate.to(f"/jobs/new?from={quote(name)}")
    )
    allow(train.props("unelevated no-caps no-wrap"), person().lacks(Role.EDITOR))
    button = ui.button("Discard", icon="delete", on_click=discard)
    allow(button.props("flat no-caps no-wrap dense padding='xs sm'"), person().refusal(owner))


async def _absent(web: Web, name: str, error: DigitsError) -> None:
    """What is shown where there is no model: whether it is in the trash."""
    found = await find_trashed(web, "model", name)
    with frame(name if found else "No such model"):
        if found is not None:
            trashed_card(web, found, name)
            return
        list_problems(error)
        ui.link("All models", ALL)
