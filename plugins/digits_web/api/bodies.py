"""Requests of the service as bodies: described by their specs, checked by the service, which says all that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from fastapi import Response
from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from digits_core.errors import NameUnknown
from digits_core.service.views.view import View
from digits_core.spec.model import Spec


class Describes:
    """Metadata of a dictionary: it has the form of ``model``.

    Whoever gives it to the service need not check it twice, and it is refused in the words of the command line.

    Args:
        model: The form.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        self._model.model_rebuild()
        return handler(self._model.__pydantic_core_schema__)


def file_example(part: str, file: str) -> dict[str, Any]:
    """An example of a form with a file, which FastAPI has no word for.

    Args:
        part: Name of the part.
        file: What stands for the file.
    """
    return {"requestBody": {"content": {"multipart/form-data": {"example": {part: file}}}}}


@contextmanager
def named(where: str) -> Iterator[None]:
    """Say of unknown names in the block that they stand in the body or the query at ``where``, and not in the address.

    To be used once what the address names has been found.
    """
    try:
        yield
    except NameUnknown as unknown:
        raise NameUnknown(*(replace(found, where=found.where or where) for found in unknown.problems)) from None


class BodySpec(Spec, defer_build=False):
    """The base of bodies that are the API's own, checked before they come in."""


def told(view: View, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer in the form that ``--json`` has, what is unknown left out."""
    return Response(view.to_json(), status, headers, media_type="application/json")
