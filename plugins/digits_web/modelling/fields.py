"""Fields of a form, read from the JSON schema of what the form makes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from digits_core.service.views.choices import ChoiceView

Kind: TypeAlias = Literal["integer", "number", "numbers", "switch", "choice", "text", "texts"]
Schema: TypeAlias = Mapping[str, Any]

#: Characters of a hint that stand well below a field.
_MOST_HINT = 92
_WHOLE = re.compile(r"[+-]?\d+")
_SCALARS: dict[str, Kind] = {"integer": "integer", "number": "number", "boolean": "switch", "string": "text"}
#: What has a better name than its key.
_CALLED = {
    "solver.name": "Solver",
    "solver.rate": "Learning rate",
    "schedule.policy": "Policy",
    "batch": "Batch size",
    "dataset_version": "Version",
}
#: Groups whose fields say nothing without the group's name.
_PREFIXED = frozenset({"snapshots", "early_stopping"})
#: From here on a description is of no help beside a field.
_SOURCE = re.compile(r"\s*Source: .*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Field:
    """One value that a person may give.

    Attributes:
        key: Where it is in the request, with dots: ``solver.rate``.
        kind: What is expected.
        label: What it is called.
        help: What it means, from the schema.
        default: What it is where nothing is given.
        choices: What can be chosen, for kind ``choice``.
        words: Words that may stand in place of a number, such as ``auto``.
    """

    key: str
    kind: Kind
    label: str
    help: str = ""
    default: Any = None
    choices: tuple[Any, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """The help, or as much of its first sentence as stands well below a field."""
        sentence = re.split(r"(?<=[.])\s|\n\n", self.help, maxsplit=1)[0].rstrip(".")
        clauses = sentence.split("; ")
        return next(
            (text for end in range(len(clauses), 1, -1) if len(text := "; ".join(clauses[:end])) <= _MOST_HINT),
            clauses[0],
        )

    def read(self, typed: Any) -> Any:
        """The value of what was typed or chosen; None where that is nothing.

        Raises:
            ValueError: With what is expected, where it is something else.
        """
        if not isinstance(typed, str) or self.kind == "choice":
            return typed
        text = typed.strip()
        if not text:
            return None
        if self.kind in ("integer", "number"):
            return text if text in self.words else _number(text, self)
        if self.kind == "numbers":
            return [_number(part, self) for part in re.split(r"[,:\s]+", text.strip("[]() ")) if part]
        return [part.strip() for part in text.split(",") if part.strip()] if self.kind == "texts" else text

    def write(self, value: Any) -> Any:
        """A value as it stands in the form."""
        if self.kind in ("switch", "choice"):
            return value
        if isinstance(value, (list, tuple)):
            return ", ".join(map(_plain, value))
        return "" if value is None else _plain(value)


def leaves(schema: Schema, prefix: str = "", part: Schema | None = None, *, absent: bool = False) -> Iterator[Field]:
    """Every field of a schema that is one value, in its order; those that are one of several forms are left out.

    Args:
        schema: The whole schema, for its definitions.
        prefix: Keys that lead to the part.
        part: The part to read; None: all.
        absent: Whether the part is not there unless one of its values is given.
    """
    for name, described in (part or schema).get("properties", {}).items():
        key = f"{prefix}.{name}" if prefix else name
        inner, optional = _object(schema, described)
        if inner is not None:
            yield from leaves(schema, key, inner, absent=absent or optional)
            continue
        found = field(schema, key, described)
        if found is not None and "const" not in described:
            yield replace(found, default=None) if absent else found


def choice_fields(part: str, choice: ChoiceView) -> tuple[Field, ...]:
    """What can be set of a policy or a solver.

    Args:
        part: Where it is in the request: ``solver`` or ``schedule``.
        choice: The policy or solver.
    """
    return tuple(
        Field(
            key=f"{part}.{parameter.name}",
            kind="numbers" if parameter.type == "array" else _SCALARS[parameter.type],
            label=label_of(parameter.name),
            help=_clean(parameter.description),
            default=parameter.default,
        )
        for parameter in choice.parameters
    )


def field(schema: Schema, key: str, described: Schema) -> Field | None:
    """The field of one property; None where no form can show it."""
    options = [_resolved(schema, option) for option in described.get("anyOf", (described,))]
    options = [option for option in options if option.get("type") != "null"]
    kind = _kind(_resolved(schema, options[0])) if options else None
    if kind is None:
        return None
    words = tuple(option["const"] for option in options[1:] if isinstance(option.get("const"), str))
    return Field(
        key=key,
        kind=kind,
        label=label_of(key),
        help=_clean(described.get("description", "")),
        default=described.get("default"),
        choices=tuple(options[0].get("enum", ())),
        words=words,
    )


def _object(schema: Schema, described: Schema) -> tuple[Schema | None, bool]:
    """The object that a property is, if it is one, and whether it may be absent."""
    options = described.get("anyOf", (described,))
    objects = [part for part in (_resolved(schema, option) for option in options) if "properties" in part]
    return (objects[0] if len(objects) == 1 else None), len(options) > 1


def _resolved(schema: Schema, part: Schema) -> Schema:
    name = part.get("$ref", "").removeprefix("#/$defs/")
    return schema["$defs"][name] if name else part


def _kind(option: Schema) -> Kind | None:
    if "enum" in option:
        return "choice"
    if option.get("type") == "array":
        parts = [*option.get("prefixItems", ()), *filter(None, (option.get("items"),))]
        kinds = {part.get("type") for part in parts if isinstance(part, Mapping)}
        return "numbers" if kinds <= {"number", "integer"} else "texts" if kinds == {"string"} else None
    return _SCALARS.get(option.get("type", ""))


def label_of(key: str) -> str:
    """What a value of a request is called.

    >>> label_of("solver.rate"), label_of("options.precision"), label_of("snapshots.every")
    ('Learning rate', 'Precision', 'Snapshots every')
    """
    if key in _CALLED:
        return _CALLED[key]
    *groups, name = key.split(".")
    words = f"{groups[-1]} {name}" if groups and groups[-1] in _PREFIXED else name
    return words.replace("_", " ").capitalize()


def _clean(description: str) -> str:
    return _SOURCE.sub("", description).replace("``", "").replace("`", "").strip()


def _number(text: str, field: Field) -> float | int:
    if _WHOLE.fullmatch(text):
        return int(text)
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if math.isnan(number) or field.kind == "integer":
        expected = "a whole number" if field.kind == "integer" else "a number"
        raise ValueError(" or ".join((f"{field.label} expects {expected}", *field.words)) + f", found {text!r}.")
    return number


def _plain(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
