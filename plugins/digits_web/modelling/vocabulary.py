"""What can be written in a network file, for completion while somebody types: from its JSON schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Word: TypeAlias = dict[str, Any]
#: What stands for the number of classes of the dataset, and the fields where that makes sense.
CLASSES = "$classes"
_COUNTS = frozenset({"units", "filters"})


def vocabulary(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Words of a network file.

    Args:
        schema: That of network files.

    Returns:
        ``top``: keys of the file; ``ops``: for each operation what it is and its fields; each word with ``info`` and,
        where only some values make sense, ``values``.
    """
    definitions = schema["$defs"]
    ops = {}
    for name, part in definitions.items():
        if name.startswith("op_"):
            properties = part["properties"].items()
            fields = {key: _word(value, definitions, counts=key in _COUNTS) for key, value in properties}
            required = [key for key in part["required"] if key not in ("name", "op")]
            ops[name.removeprefix("op_")] = {
                "info": _first(part.get("description", "")),
                "needs": required,
                "fields": fields,
            }
    return {"top": {key: _word(value, definitions) for key, value in schema["properties"].items()}, "ops": ops}


def _word(described: Mapping[str, Any], definitions: Mapping[str, Any], *, counts: bool = False) -> Word:
    values = list(dict.fromkeys(_values(described, definitions)))
    if not counts:
        values = [value for value in values if value != CLASSES]
    word = {"info": _first(described.get("description", ""))}
    return {**word, "values": values} if values else word


def _values(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[str]:
    """Everything that may be written for a value, as far as it can be listed."""
    if "enum" in part:
        return [str(value) for value in part["enum"]]
    if part.get("type") == "boolean":
        return ["true", "false"]
    if "$ref" in part:
        name = part["$ref"].removeprefix("#/$defs/")
        return [CLASSES] if name == "parameter" else _values(definitions[name], definitions)
    if "properties" in part and "const" in part["properties"].get("name", {}):
        return [str(part["properties"]["name"]["const"])]
    return [value for option in part.get("anyOf", part.get("oneOf", ())) for value in _values(option, definitions)]


def _first(description: str) -> str:
    return description.split("\n\n", 1)[0].replace("``", "").replace("`", "")
