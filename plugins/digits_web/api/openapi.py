"""The description of the API, OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from digits_web.api.examples import ANSWERS
from digits_web.api.problems import MEDIA_TYPE, ProblemDocument

_ABOUT = """What the page and the command line do, for scripts.

Answers have the fields that `--json` of the same command has. What is wrong is told as a problem (RFC 9457,
`application/problem+json`) that lists **every** problem of a request with its place and a remedy. Lists have pages, and
the header `Link` leads to the next. Answers to GET have an `ETag`: send it as `If-None-Match` to be told `304` while
nothing has changed, or as `If-Match` with a change, which is then made only if nobody else was faster; of a job that
runs take that of its `about`, since progress is none of it. HEAD is answered as GET without the body. What takes long
is a job, always or where `Prefer: respond-async` asks for it: `202` with its `Location`, and `/result` below that.
"""
_TAGS = {
    "machine": "What computes here.",
    "datasets": "Pictures to train on.",
    "networks": "What can be trained.",
    "forms": "What requests may say.",
    "jobs": "Training, and whatever else takes long.",
    "models": "What was learned: snapshots of jobs, and imported models.",
    "archives": "Models as one file, before anything is done with them.",
    "uploads": "Files that requests name.",
    "trash": "What can be brought back.",
}
_EXAMPLE = {
    "type": "urn:digits:spec-invalid",
    "title": "A value of a request is out of range, unknown or contradicts another",
    "status": 422,
    "detail": "epochs: input should be greater than 0; found -1 (epochs).",
    "instance": "/api/v1/jobs",
    "problems": [{"message": "epochs: input should be greater than 0; found -1.", "where": "epochs", "hint": ""}],
}
_HEADERS = {
    "get": {"If-None-Match": "Tags of answers that are known; where one is still true, it is not sent again."},
    "patch": {"If-Match": "The tag of what is to be changed; refused with 412 where it has changed meanwhile."},
    "delete": {"If-Match": "The tag of what is to be put away; refused with 412 where it has changed meanwhile."},
}


def describe(app: FastAPI) -> None:
    """Have ``app`` describe itself in full."""
    made: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not made:
            made.update(_described(app))
        return made

    app.openapi = openapi  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
    tags = [{"name": name, "description": text} for name, text in _TAGS.items()]
    found = get_openapi(title="DIGITS", version=app.version, description=_ABOUT, routes=app.routes, tags=tags)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["ProblemDocument"] = problem
    for view, example in ANSWERS.items():
        schemas[view.__name__]["examples"] = [example]
    found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    found["security"] = [{}, {"token": []}]
    for schema in schemas.values():
        _name_items(schema)
        _allow_absence(schema)
    for operations in found["paths"].values():
        for method, operation in operations.items():
            _complete(method, operation)
    return found


def _complete(method: str, operation: dict[str, Any]) -> None:
    """Add what every operation has: problems, and headers about tags."""
    document = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}, "example": _EXAMPLE}
    answers = operation["responses"]
    answers.pop("422", None)
    answers["default"] = {"description": "What went wrong.", "content": {MEDIA_TYPE: document}}
    if method == "get":
        answers["304"] = {"description": "It is as it was."}
    operation.setdefault("parameters", []).extend(
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in _HEADERS.get(method, {}).items()
    )


def _name_items(schema: Any) -> None:
    """Say of lists of fixed length what any of their items is: few tools know ``prefixItems``."""
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for part in parts:
        _name_items(part)
    if isinstance(schema, dict) and isinstance(schema.get("prefixItems"), list):
        items = schema.pop("prefixItems")
        kinds = [kind for number, kind in enumerate(items) if kind not in items[:number]]
        schema["items"] = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def _allow_absence(schema: dict[str, Any]) -> None:
    """What is unknown is left out of answers, so nothing that may be unknown is required."""
    fields = schema.get("properties", {})
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if not _may_be_null(fields[name])]


def _may_be_null(field: dict[str, Any]) -> bool:
    says = field.keys() & {"type", "anyOf", "oneOf", "$ref", "const", "enum"}
    return not says or {"type": "null"} in field.get("anyOf", ())
