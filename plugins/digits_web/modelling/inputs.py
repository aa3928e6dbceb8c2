"""Inputs for fields: the words are the schema's, and what is wrong is told beside the field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.disableable_element import DisableableElement
from nicegui.events import ValueChangeEventArguments

from digits_web.modelling.desk import Desk
from digits_web.modelling.draft import INHERITED
from digits_web.modelling.fields import Field


def field_inputs(desk: Desk, keys: Iterable[str], known: Mapping[str, Field] | None = None) -> None:
    """Inputs for fields of the request, side by side.

    Args:
        desk: Where their values are.
        keys: Which fields.
        known: Where they are described; None: fields of every request.
    """
    described = desk.fields if known is None else known
    with ui.element("div").classes("digits-fields"):
        for key in keys:
            field_input(desk, described[key])


def field_input(desk: Desk, field: Field, after: Callable[[], None] | None = None) -> DisableableElement:
    """An input for one field of the request.

    Args:
        desk: Where its value is.
        field: What it is.
        after: Is called when the value has changed.
    """
    given = desk.draft.values.get(field.key)
    inherits = desk.draft.starts and field.key in INHERITED

    def take(value: Any) -> None:
        desk.draft.set(field.key, value, field.default)
        desk.changed()
        if after is not None:
            after()

    usual = None if inherits else field.default
    return typed_input(field, given if given is not None else usual, take, "as the model has it" if inherits else "")


def typed_input(field: Field, value: Any, take: Callable[[Any], None], empty: str = "") -> DisableableElement:
    """An input of a field's kind.

    Args:
        field: What it is.
        value: What it is to show.
        take: Is given the new value, or the text as it is where it cannot be read.
        empty: What is shown where there is nothing.
    """

    def changed(event: ValueChangeEventArguments[Any]) -> None:
        take(_read(field, event.value))

    shown = field.write(value)
    with ui.element("div").classes("digits-field"):
        made: DisableableElement
        if field.kind == "switch":
            made = ui.switch(field.label, value=bool(shown), on_change=changed)
        elif field.kind == "choice":
            made = _select(field, shown, changed, empty)
        else:
            made = ui.input(field.label, value=shown, placeholder=empty, on_change=changed)
            made.validation = lambda text: _wrong(field, text)
            made.props("dense outlined no-error-icon hide-bottom-space stack-label")
        if field.hint:
            ui.label(field.hint).classes("digits-soft digits-small")
        if field.help.rstrip(".;") != field.hint:
            made.tooltip(field.help)
    return made


def _select(
    field: Field, shown: Any, changed: Callable[[ValueChangeEventArguments[Any]], None], empty: str
) -> DisableableElement:
    options = {choice: f"{choice} (usual)" if choice == field.default else str(choice) for choice in field.choices}
    if shown not in options and shown is not None:
        options[shown] = str(shown)
    label = f"{field.label}: {empty}" if empty and shown is None else field.label
    made = ui.select(options, label=label, value=shown, on_change=changed, clearable=shown is None or bool(empty))
    made.props("dense outlined options-dense stack-label hide-bottom-space")
    return made


def _read(field: Field, typed: Any) -> Any:
    try:
        return field.read(typed)
    except ValueError:
        # Whoever checks the request says what is wrong with it, and a reload finds what was typed.
        return typed


def _wrong(field: Field, typed: Any) -> str | None:
    try:
        field.read(typed)
    except ValueError as wrong:
        return str(wrong)
    return None
