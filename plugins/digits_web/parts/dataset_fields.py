"""The fields of the request for a dataset: what each is called, what it is for, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nicegui import ui

from digits_core.spec.dataset import ClassLimits, DatasetSpec

Kind = Literal["text", "number", "choice", "switch"]


@dataclass(frozen=True, slots=True)
class Words:
    """A field of the request.

    Attributes:
        key: Its place, such as ``limits.min_per_class``.
        label: What people call it.
        kind: How it is entered.
        choices: What can be chosen, with its label.
        hint: What it is for, where the request says it in terms that are not seen here.
    """

    key: str
    label: str
    kind: Kind = "number"
    choices: Mapping[Any, str] | None = None
    hint: str = ""


SIZE = (Words("width", "Width, pixels"), Words("height", "Height, pixels"))
FORM = (
    Words("channels", "Colour", "choice", {3: "Colour", 1: "Greyscale"}, "Channels of the stored pictures."),
    Words("encoding", "Stored as", "choice", {"png": "PNG, lossless", "jpeg": "JPEG, small", "raw": "Raw, fastest"}),
)
SPLIT = (
    Words("val", "For validation, percent"),
    Words("test", "For tests, percent"),
    Words("limits.min_per_class", "Fewest pictures of a class"),
    Words("limits.max_per_class", "Most pictures of a class"),
    Words("seed", "Seed"),
    Words("shuffle", "Shuffle before splitting", "switch"),
)
ELSEWHERE = (
    Words("val_path", "Validation pictures from", "text"),
    Words("val_limits.min_per_class", "Fewest of a class there"),
    Words("val_limits.max_per_class", "Most of a class there"),
    Words("test_path", "Test pictures from", "text"),
    Words("test_limits.min_per_class", "Fewest of a class there"),
    Words("test_limits.max_per_class", "Most of a class there"),
)
LISTS = (Words("labels", "Names of the classes", "text"), Words("prefix", "Relative paths start from", "text"))


def field_of(key: str) -> Any:
    """What the request says of a field."""
    first, _, second = key.partition(".")
    return (ClassLimits if second else DatasetSpec).model_fields[second or first]


def put(request: dict[str, Any], key: str, value: Any) -> None:
    """Set a field; nothing, or what is the default anyway, leaves it out.

    >>> request = {}
    >>> put(request, "limits.min_per_class", 5); request
    {'limits': {'min_per_class': 5}}
    >>> put(request, "limits.min_per_class", 2); request
    {}
    """
    first, _, second = key.partition(".")
    holder = request.setdefault(first, {}) if second else request
    if value in (None, "") or value == field_of(key).default:
        holder.pop(second or first, None)
    else:
        holder[second or first] = value
    if second and not holder:
        del request[first]


def take(request: Mapping[str, Any], key: str) -> Any:
    """The value of a field, else its default; None where it has none."""
    first, _, second = key.partition(".")
    given = request.get(first, {}).get(second) if second else request.get(first)
    default = field_of(key).default
    return default if given is None and not field_of(key).is_required() else given


class Fields:
    """Fields that write into a request as one types, each with its explanation below and its problems in place of it.

    Args:
        request: What is asked for.
        changed: Is told after every change.
    """

    def __init__(self, request: dict[str, Any], changed: Callable[[], object]) -> None:
        self._request, self._changed = request, changed
        self._elements: dict[str, Any] = {}

    def add(self, words: Sequence[Words]) -> None:
        """Draw fields side by side."""
        with ui.element("div").classes("digits-fields digits-full"):
            for item in words:
                self.one(item)

    def one(self, words: Words) -> Any:
        """Draw a field."""
        value, hint = take(self._request, words.key), words.hint or field_of(words.key).description or ""

        def wrote(event: Any) -> None:
            whole = words.kind == "number" and isinstance(event.value, float) and event.value.is_integer()
            put(self._request, words.key, int(event.value) if whole else event.value)
            self._changed()

        element: Any
        if words.kind == "switch":
            element = ui.switch(words.label, value=bool(value), on_change=wrote).tooltip(hint)
        elif words.kind == "choice":
            element = ui.select(dict(words.choices or {}), label=words.label, value=value, on_change=wrote)
        elif words.kind == "number":
            element = ui.number(words.label, value=value, on_change=wrote, format="%g").props("clearable")
        else:
            element = ui.input(words.label, value=value or "", on_change=wrote).props("clearable debounce=300")
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
