"""What was put into the trash can be taken out again at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from digits_web.parts.trashed import TRASH

#: Seconds for which taking back is offered; the trash keeps things for longer.
OFFERED_S = 15.0


def offer_undo(text: str, undo: Callable[[], Awaitable[None]]) -> None:
    """Say what was done, beside a button that takes it back.

    Args:
        text: What was done.
        undo: Takes it back.
    """
    with ui.dialog(value=True).props("seamless position=bottom") as offer, ui.card().classes("digits-card"):
        with ui.element("div").classes("digits-row").props("role=status"):
            ui.label(text)
            ui.link("Show the trash", TRASH)

            async def take_back() -> None:
                offer.close()
                await undo()

            ui.button("Undo", on_click=take_back).props("flat dense no-caps")
            ui.button(icon="close", on_click=offer.close).props('flat round dense aria-label="Close"')
    offer.on("hide", offer.delete)
    ui.timer(OFFERED_S, offer.close, once=True)
