"""Standard networks: which, and what can be set of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from digits_core.service.views.networks import RecipeView, SizedFamilyView
from digits_core.units import format_count
from digits_web.modelling.catalogue import Catalogue
from digits_web.modelling.choices import card, mark, small
from digits_web.modelling.desk import Desk, Outlook
from digits_web.modelling.fields import leaves
from digits_web.modelling.inputs import typed_input
from digits_web.parts.aside import aside
from digits_web.parts.errors import problems_shown


class StandardTab:
    """Networks that plugins bring, sized for the dataset.

    Args:
        desk: The draft.
        catalogue: What there is.
        customize: Is called when somebody wants to change the network's text.
    """

    def __init__(self, desk: Desk, catalogue: Catalogue, customize: Callable[[], object]) -> None:
        self._desk, self._catalogue = desk, catalogue
        self._cards: dict[str, ui.element] = {}
        self._dataset: str | None = None
        self._recipe: RecipeView | None = None
        self._grid = ui.element("div").classes("digits-stack").props('role=radiogroup aria-label="Standard networks"')
        self._params = ui.element("div").classes("digits-stack")
        with ui.element("div").classes("digits-row"):
            ui.button("Customise", icon="edit", on_click=customize).props("outline no-caps")
            self._advice = ui.label().classes("digits-soft digits-small")
            self._use = ui.button("Use these", on_click=self._adopt).props("flat no-caps dense")
        self._use.visible = False
        desk.tell(self._show)

    async def fill(self) -> None:
        """Show the networks for the dataset that is chosen."""
        dataset = self._desk.draft.dataset
        if dataset != self._dataset:
            self._dataset = dataset
            self._draw(await aside(self._catalogue.networks, dataset))
        await self._ask()

    def _draw(self, networks: Sequence[SizedFamilyView]) -> None:
        fitting = [network for network in networks if not network.refused]
        others = [network for network in networks if network.refused]
        self._cards = {}
        self._grid.clear()
        with self._grid:
            self._cards_of(fitting)
            if others:
                title = f"{len(others)} networks that these pictures do not fit"
                with ui.expansion(title, icon="block").classes("digits-full") as fold:
                    self._cards_of(others)
                fold.value = any(network.name == self._desk.draft.family for network in others)

    def _cards_of(self, networks: Sequence[SizedFamilyView]) -> None:
        with ui.element("div").classes("digits-choices digits-full"):
            for network in networks:
                self._cards[network.name] = self._card(network)

    def _card(self, network: SizedFamilyView) -> ui.element:
        chosen = network.name == self._desk.draft.family
        made = card(network.name, role="radio", chosen=chosen, pick=lambda: self._pick(network.name))
        with made:
            small(network.summary)
            if network.parameters is None or network.flops is None:
                small(_reason(network), "digits-warn")
            else:
                flops = f"{network.flops / 1e6:,.1f} MFLOPs"
                small(f"{format_count(network.parameters)} parameters · {flops}", "digits-number")
        return made

    async def _pick(self, name: str) -> None:
        draft = self._desk.draft
        if name != draft.family:
            draft.family, draft.params = name, {}
            for other, made in self._cards.items():
                mark(made, "radio", chosen=other == name)
            self._desk.changed()
            await self._ask()

    async def _ask(self) -> None:
        """Ask for the params of the network."""
        with problems_shown():
            self._fold(await aside(self._desk.web.digits.family_form, self._desk.draft.family))

    def _fold(self, form: dict[str, Any]) -> None:
        self._params.clear()
        with (
            self._params,
            ui.expansion(f"Options of {self._desk.draft.family}", icon="tune").classes("digits-full") as fold,
        ):
            fold.value = bool(self._desk.draft.params)
            with ui.element("div").classes("digits-fields"):
                for field in leaves(form):
                    value = self._desk.draft.params.get(field.key, field.default)
                    typed_input(field, value, lambda given, field=field: self._set(field.key, given, field.default))

    def _set(self, key: str, value: Any, default: Any) -> None:
        params = self._desk.draft.params
        if value is None or value == default:
            params.pop(key, None)
        else:
            params[key] = value
        self._desk.changed()

    def _show(self, outlook: Outlook) -> None:
        network = outlook.sketch.network if outlook.sketch else None
        self._recipe = network.family.recipe if network and network.family else None
        self._use.visible = self._recipe is not None
        self._advice.text = f"Usually trained with {told(self._recipe)}." if self._recipe else ""

    def _adopt(self) -> None:
        recipe, draft = self._recipe, self._desk.draft
        if recipe is None:
            return
        draft.choose("solver", recipe.solver, "sgd")
        draft.rates, draft.batches = f"{recipe.rate:g}", f"{recipe.batch}"
        draft.set("data.crop", recipe.crop)
        draft.set("data.augment.flip", "lr" if recipe.mirror else None)
        self._desk.redraw()


def told(recipe: RecipeView) -> str:
    """How a network is usually trained, in words."""
    parts = [f"pictures of {recipe.size} pixels"]
    parts += [f"crops of {recipe.crop}"] if recipe.crop else []
    parts += ["mirrored"] if recipe.mirror else []
    return ", ".join([*parts, f"batch {recipe.batch}", f"{recipe.solver} at {recipe.rate:g}"])


def _reason(network: SizedFamilyView) -> str:
    """Why a network cannot be built, without its name and the layer that finds out."""
    message = network.refused.removeprefix(f"Network {network.name} ").split(": ", 1)[0]
    return message[:1].upper() + message[1:]
