"""YAML and JSON files in and out, with errors that name file and line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from digits_core.errors import DigitsError, Problem, SpecInvalid
from digits_core.spec.origin import Key, Origin

_BOOL, _TIMESTAMP = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML without anchors that expand and without duplicate keys; of words only true and false are no text."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(None, None, "aliases (*name) are not accepted", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, (list, dict)) or key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key!r}", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


# PyYAML follows YAML 1.1, where `compile: off` is a truth value and a name like 2024-01-31 a date.
_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in forms if tag not in (_BOOL, _TIMESTAMP)]
    for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.add_implicit_resolver(_BOOL, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def read_data(path: Path, *, error: type[DigitsError] = SpecInvalid) -> Any:
    """Plain data from a YAML or JSON file (JSON is read as YAML, of which it is a part).

    Raises:
        DigitsError: Of class ``error``, if the file is missing, unreadable, or not YAML; names the line.
    """
    return read_marked(path, error=error)[0]


def read_marked(path: Path, *, error: type[DigitsError] = SpecInvalid) -> tuple[Any, Origin]:
    """The same as `read_data`, and on which line every value stands."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        raise error(f"{path} cannot be read: {reason}.", hint="Check the path and its permissions.") from None
    return parse_marked(text, where=str(path), error=error)


def parse_text(text: str, *, where: str, error: type[DigitsError] = SpecInvalid) -> Any:
    """Plain data from YAML or JSON text; ``where`` names it in errors."""
    return parse_marked(text, where=where, error=error)[0]


def parse_marked(text: str, *, where: str, error: type[DigitsError] = SpecInvalid) -> tuple[Any, Origin]:
    """The same as `parse_text`, and on which line every value stands."""
    try:
        loader = _StrictLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None, Origin(where)
        return loader.construct_document(node), Origin(where, dict(_lines(node, ())))
    except yaml.MarkedYAMLError as reason:
        mark = reason.problem_mark or reason.context_mark
        line = f"{where}:{mark.line + 1}" if mark else where
        raise error(Problem(f"This is not valid YAML: {reason.problem}.", line, "Correct the line.")) from None
    except (yaml.YAMLError, RecursionError, ValueError) as reason:
        raise error(Problem(f"This is not valid YAML: {reason}.", where)) from None


def _lines(node: yaml.Node, path: tuple[Key, ...]) -> Iterator[tuple[tuple[Key, ...], int]]:
    """The line of every value: that of its key, or where an item of a list begins."""
    if not path:
        yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, str(key.value)), key.start_mark.line + 1
            yield from _lines(value, (*path, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*path, index), item.start_mark.line + 1
            yield from _lines(item, (*path, index))


def dump_yaml(data: Any) -> str:
    """Readable YAML of plain data, keys in the given order."""
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)


def dump_flow(data: Any) -> str:
    """YAML of plain data in one line, keys in the given order.

    >>> dump_flow({"name": "conv1", "kernel": [3, 5], "scale": 1e-5})
    '{name: conv1, kernel: [3, 5], scale: 1.0e-05}'
    """
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=float("inf"), default_flow_style=True)
    return text.removesuffix("\n").removesuffix("\n...")


def dump_json(data: Any) -> str:
    """Indented JSON of plain data, with a final newline; refuses NaN and infinity."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
