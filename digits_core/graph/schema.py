"""The JSON schema of network files, for editors that complete and check while a person types.

It knows every field of every operation. What it cannot know is told by ``digits network check``: whether layers that
are named exist, and whether shapes fit.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from digits_core.graph.blocks import ACTIVATIONS
from digits_core.graph.description import BlockDescription, NetworkDescription
from digits_core.graph.initializers import Initializer
from digits_core.graph.layers import INPUT
from digits_core.graph.ops import OPS, Op
from digits_core.graph.tuning import Tuning
from digits_core.spec.model import NAME_PATTERN

_PARAMETER = {
    "type": "string",
    "pattern": r"^\$[A-Za-z][A-Za-z0-9_]*$",
    "description": "A parameter of the block; `$classes` is the number of classes of the dataset.",
}
_SCALARS = frozenset({"integer", "number", "boolean"})


def network_schema(ops: Mapping[str, type[Op]] = OPS) -> dict[str, Any]:
    """The schema of a network file, draft 2020-12.

    Args:
        ops: Known operations by kind.
    """
    definitions: dict[str, Any] = {
        "parameter": _PARAMETER,
        "layer_name": {"type": "string", "pattern": f"^{NAME_PATTERN}$"},
    }
    definitions["initializer"] = _fillable(_collected(TypeAdapter(Initializer).json_schema(), definitions, forms=True))
    kinds = [kind for kind in ops if kind != INPUT]
    for kind in kinds:
        definitions[f"op_{kind}"] = _layer(kind, ops[kind], ops, definitions)
    definitions["use"] = _use()
    definitions["layer"] = {
        "type": "object",
        "required": ["name"],
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in (*(f"op_{kind}" for kind in kinds), "use")],
    }
    schema = _collected(NetworkDescription.model_json_schema(), definitions)
    layers = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/layer"}}
    for model, described in ((BlockDescription, definitions["BlockDescription"]), (NetworkDescription, schema)):
        described["properties"]["layers"] = {**layers, "description": model.model_fields["layers"].description}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "DIGITS network",
        "$defs": definitions,
    }


def _layer(kind: str, op: type[Op], ops: Mapping[str, type[Op]], definitions: dict[str, Any]) -> dict[str, Any]:
    """One layer of a network file, with the fields of its operation."""
    found = _collected(op.model_json_schema(), definitions)
    tuned = _collected(Tuning.model_json_schema(), definitions)
    written = found.get("properties", {}) | tuned["properties"]
    fields = {name: _shared(_fillable(field), definitions) for name, field in written.items()}
    activations = [activation for activation in ACTIVATIONS if activation in ops]
    return {
        "type": "object",
        "description": inspect.cleandoc(op.__doc__ or ""),
        "properties": {
            "name": {"$ref": "#/$defs/layer_name", "description": "What the layer is called."},
            "op": {"const": kind},
            "inputs": _INPUTS,
            **fields,
            "activation": {
                "anyOf": [{"enum": activations}, {"$ref": "#/$defs/parameter"}],
                "description": "What its output goes through; whoever takes this layer takes what comes out of that.",
            },
        },
        # The last dense layer may leave out its units: they are the number of classes.
        "required": ["name", "op", *(name for name in found.get("required", ()) if (kind, name) != ("dense", "units"))],
        "additionalProperties": False,
    }


def _use() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "A use of a block; other keys are parameters of the block.",
        "properties": {
            "name": {"$ref": "#/$defs/layer_name", "description": "What stands before the names of its layers."},
            "block": {"type": "string", "description": "Which block of `blocks`."},
            "inputs": _INPUTS,
            "repeat": {
                "anyOf": [{"type": "integer", "minimum": 1}, {"$ref": "#/$defs/parameter"}],
                "description": "How often it follows itself; its layers are then called NAME.1.…, NAME.2.…",
            },
        },
        "required": ["name", "block"],
        "not": {"required": ["op"]},
    }


_INPUTS = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
    "description": "The layers it takes; left out: the one above it. Inside a block `$input` is what the block takes.",
}


def _collected(schema: dict[str, Any], definitions: dict[str, Any], *, forms: bool = False) -> dict[str, Any]:
    """A schema without its own definitions, which are put with all others; and without titles that only repeat keys.

    Args:
        schema: As pydantic writes it.
        definitions: What is defined so far.
        forms: Whether its definitions are forms that are told apart by ``name``, and may hold parameters.
    """
    for name, definition in schema.pop("$defs", {}).items():
        cleaned = _untitled(definition)
        definitions.setdefault(name, {**_fillable(cleaned), "required": ["name"]} if forms else cleaned)
    return dict(_untitled(schema))


def _shared(field: Any, definitions: dict[str, Any]) -> Any:
    """A field whose schema is defined once refers to it."""
    if field.get("anyOf") != definitions["initializer"]["anyOf"]:
        return field
    return {"$ref": "#/$defs/initializer", **{key: value for key, value in field.items() if key != "anyOf"}}


def _untitled(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _untitled(value) for key, value in part.items() if key != "title" or not isinstance(value, str)}
    return [_untitled(item) for item in part] if isinstance(part, list) else part


def _fillable(part: Any) -> Any:
    """A schema in which every number and truth value may also be a parameter."""
    if isinstance(part, list):
        return [_fillable(item) for item in part]
    if not isinstance(part, dict):
        return part
    if part.get("type") in _SCALARS:
        told = {key: value for key, value in part.items() if key in ("description", "default")}
        bare = {key: value for key, value in part.items() if key not in told}
        return {**told, "anyOf": [bare, {"$ref": "#/$defs/parameter"}]}
    return {key: _fillable(value) for key, value in part.items()}
