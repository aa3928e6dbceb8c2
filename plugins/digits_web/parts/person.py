"""Who looks at a page."""

from __future__ import annotations

from nicegui import ui

from digits_web.access.person import Person


def person() -> Person:
    """Who asked for the page whose code is running; their session ends with their role, so it stays true."""
    asked: Person = ui.context.client.request.state.person
    return asked


def allow(button: ui.button, refusal: str) -> None:
    """Leave a button to those who may press it; others see that it is not for them, and why.

    Args:
        button: The button; what comes from it is refused by the server too.
        refusal: Why; empty: they may.
    """
    button.set_enabled(not refusal)
    if refusal:
        # What is disabled gets no pointer events, and the reason is needed without a pointer too.
        button.props["title"] = refusal
        button.props["aria-description"] = refusal


def account() -> None:
    """A button that says who has logged in, and lets them out; nothing where nobody has."""
    if not ui.context.client.request.state.logged_in:
        return
    who = person()
    with ui.button(icon="account_circle").props('flat round dense color=none aria-label="Account"'), ui.menu():
        with ui.item_section().classes("q-px-md q-py-sm"):
            ui.label(who.name)
            ui.label(who.role).classes("digits-soft digits-small")
        ui.separator()
        ui.menu_item("Log out", on_click=lambda: ui.navigate.to("/logout"))
