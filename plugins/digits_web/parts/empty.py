"""What is shown where there is nothing yet: what to do next."""

from __future__ import annotations

from nicegui import ui


def nothing_yet(icon: str, title: str, advice: str, action: str = "", address: str = "") -> ui.element:
    """A place without content.

    Args:
        icon: A Material icon.
        title: What there is none of.
        advice: What to do about it, one sentence.
        action: Label of the button that does it; empty: there is none.
        address: Where the button leads.
    """
    with ui.element("div").classes("digits-empty") as place:
        ui.icon(icon, size="2.5rem").props("aria-hidden=true")
        ui.label(title).classes("digits-section")
        ui.label(advice).classes("digits-soft")
        if action:
            ui.button(action, on_click=lambda: ui.navigate.to(address)).props("unelevated no-caps")
    return place
