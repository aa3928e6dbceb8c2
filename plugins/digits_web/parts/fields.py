"""Fields of a request: what each is called, what it is for, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nicegui import ui

from digits_core.spec.model import Spec

Kind = Literal["text", "number", "choice", "switch"]


@dataclass(frozen=True, slots=True)
class Words:
    """A field of the request.

    Attributes:
        key: Its place, such as ``limits.min_per_class``.
        label: What people call it.
        kind: How it is entered.
        choices: What can be chosen, with its label; of a text, what is proposed.
        hint: What it is for, where the request says it in terms that are not seen here.
    """

    key: str
    label: str
    kind: Kind = "number"
    choices: Mapping[Any, str] | None = None
    hint: str = ""


def field_of(form: type[Spec], key: str) -> Any:
    """What a request of that form says of a field."""
    first, _, second = key.partition(".")
    found = form.model_fields[first]
    return found.annotation.model_fields[second] if second else found  # type: ignore[union-attr]


def put(form: type[Spec], request: dict[str, Any], key: str, value: Any) -> None:
    """Set a field; nothing, or what is the default anyway, leaves it out.

    >>> from digits_core.spec.dataset import DatasetSpec
    >>> request = {}
    >>> put(DatasetSpec, request, "limits.min_per_class", 5); request
    {'limits': {'min_per_class': 5}}
    >>> put(DatasetSpec, request, "limits.min_per_class", 2); request
    {}
    """
    first, _, second = key.partition(".")
    holder = request.setdefault(first, {}) if second else request
    if value in (None, "") or value == field_of(form, key).default:
        holder.pop(second or first, None)
    else:
        holder[second or first] = value
    if second and not holder:
        del request[first]


def take(form: type[Spec], request: Mapping[str, Any], key: str) -> Any:
    """The value of a field, else its default; None where it has none."""
    first, _, second = key.partition(".")
    given = request.get(first, {}).get(second) if second else request.get(first)
    field = field_of(form, key)
    return field.default if given is None and not field.is_required() else given


class Fields:
    """Fields that write into a request as one types, each with its explanation below and its problems in place of it.

    Args:
        form: What the request has to be like.
        request: What is asked for.
        changed: Is told after every change.
    """

    def __init__(self, form: type[Spec], request: dict[str, Any], changed: Callable[[], object]) -> None:
        self._form, self._request, self._changed = form, request, changed
        self._elements: dict[str, Any] = {}

    def add(self, words: Sequence[Words]) -> None:
        """Draw fields side by side."""
        with ui.element("div").classes("digits-fields digits-full"):
            for item in words:
                self.one(item)

    def one(self, words: Words) -> Any:
        """Draw a field."""
        value = take(self._form, self._request, words.key)
        hint = words.hint or field_of(self._form, words.key).description or ""

        def wrote(event: Any) -> None:
            whole = words.kind == "number" and isinstance(event.value, float) and event.value.is_integer()
            put(self._form, self._request, words.key, int(event.value) if whole else event.value)
            self._changed()

        element: Any
        if words.kind == "switch":
            element = ui.switch(words.label, value=bool(value), on_change=wrote).tooltip(hint)
        elif words.kind == "choice":
            choices = dict(words.choices or {})
            value = "" if value is None and "" in choices else value
            element = ui.select(choices, label=words.label, value=value, on_change=wrote)
        elif words.kind == "number":
            element = ui.number(words.label, value=value, on_change=wrote, format="%g").props("clearable")
        else:
            element = ui.input(words.label, value=value or "", on_change=wrote, autocomplete=[*(words.choices or ())])
            element.props("clearable debounce=300")
        if words.kind != "switch":
            element.props["hint"] = hint
            element.props["bottom-slots"] = True
            element.classes("digits-full").style("padding-bottom: 2.4rem")
            self._elements[words.key] = element
        return element

    def show(self, problems: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
        """Write problems to the fields that they are about; returns those that are about none."""
        said: dict[str, str] = {}
        others = []
        for problem in problems:
            key = problem.get("where", "")
            if key in self._elements:
                message = problem["message"].removeprefix(f"{key.rpartition('.')[2]}: ")
                said[key] = " ".join(filter(None, (message[:1].upper() + message[1:], problem.get("hint", ""))))
            else:
                others.append(problem)
        for key, element in self._elements.items():
            element.error = said.get(key)
        return others
