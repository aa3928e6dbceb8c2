"""Cards of which one is chosen, or several are."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui


def card(title: str, *, role: str, chosen: bool, pick: Callable[[], object] | None) -> ui.element:
    """A card that can be chosen, for whatever more is put into it.

    Args:
        title: What it is.
        role: ``radio`` where one of several is chosen, ``button`` where each is for itself.
        chosen: Whether it is.
        pick: Is called when it is clicked; None: it cannot be chosen.
    """
    element = ui.element("button").classes("digits-choice").props(f"type=button role={role}")
    mark(element, role, chosen=chosen)
    if pick is None:
        element.props("aria-disabled=true")
    else:
        element.on("click", lambda _: pick())
    with element:
        ui.label(title).classes("text-weight-bold")
    return element


def mark(element: ui.element, role: str, *, chosen: bool) -> None:
    """Say whether a card is chosen."""
    state = "aria-checked" if role == "radio" else "aria-pressed"
    element.props(f"{state}={'true' if chosen else 'false'}")


def small(text: str, tone: str = "digits-soft") -> ui.label:
    """A line of small print on a card."""
    return ui.label(text).classes(f"digits-small {tone}")
