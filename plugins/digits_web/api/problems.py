"""What went wrong, as problem details (RFC 9457): every problem of a request at once.

Nottingham, Wilde, Dalal: Problem Details for HTTP APIs, RFC 9457, 2023, https://www.rfc-editor.org/rfc/rfc9457
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import PurePath
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from digits_core.errors import (
    AccessDenied,
    DatasetUnusable,
    DigitsError,
    ExportUnfaithful,
    JobFailed,
    NameTaken,
    NameUnknown,
    PluginConflict,
    Problem,
    RequestWrong,
    SnapshotDamaged,
    StateConflict,
    StorageUnusable,
)
from digits_core.service.views.view import View

MEDIA_TYPE = "application/problem+json"
#: Of the first class that an error is of.
STATUSES: dict[type[DigitsError], HTTPStatus] = {
    NameUnknown: HTTPStatus.NOT_FOUND,
    AccessDenied: HTTPStatus.FORBIDDEN,
    NameTaken: HTTPStatus.CONFLICT,
    StateConflict: HTTPStatus.CONFLICT,
    DatasetUnusable: HTTPStatus.CONFLICT,
    SnapshotDamaged: HTTPStatus.CONFLICT,
    PluginConflict: HTTPStatus.CONFLICT,
    StorageUnusable: HTTPStatus.INSUFFICIENT_STORAGE,
    RequestWrong: HTTPStatus.UNPROCESSABLE_ENTITY,
    JobFailed: HTTPStatus.CONFLICT,
    ExportUnfaithful: HTTPStatus.CONFLICT,
    DigitsError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_SENDING = "Send JSON as application/json, a file as multipart/form-data: curl -F file=@FILE."
_WORDS = re.compile(r"(?<!^)(?=[A-Z])")


class ProblemItem(View):
    """One thing that is wrong."""

    message: str
    """Who, what was expected and what was found."""
    where: str = ""
    """The key, file or line; empty where there is no such place."""
    hint: str = ""
    """What to do about it."""


class ProblemDocument(View):
    """What went wrong, and what to do."""

    type: str
    """Which kind of problem, for programs: `urn:digits:` and the name of the error, or `about:blank`."""
    title: str
    """The kind in words."""
    status: int
    """The status of the answer."""
    detail: str
    """All of it for a person, a line for each problem."""
    instance: str
    """What was asked for."""
    problems: tuple[ProblemItem, ...]
    """Everything that is wrong."""


def answer_problems(app: FastAPI) -> None:
    """Have every error of ``app`` answered as a problem."""
    app.add_exception_handler(DigitsError, _digits_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _unexpected)


def refuse(status: HTTPStatus, message: str, *, where: str = "", hint: str = "") -> HTTPException:
    """An error of HTTP rather than of the service."""
    return HTTPException(status, detail=str(Problem(message, where, hint)))


def _digits_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DigitsError)
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    if status is HTTPStatus.NOT_FOUND and not any(_is_of_address(request, found) for found in error.problems):
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    name = _WORDS.sub("-", type(error).__name__).lower()
    title = (type(error).__doc__ or name).partition("\n")[0].rstrip(".")
    items = (ProblemItem(message=found.message, where=found.where, hint=found.hint) for found in error.problems)
    return _answer(request, status, items, kind=f"urn:digits:{name}", title=title)


def _is_of_address(request: Request, found: Problem) -> bool:
    """Whether a name that is not known stands in the address, rather than in the body or the query."""
    places = request.path_params
    return bool(places) and (found.where in ("", *places) or PurePath(found.where).is_absolute())


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found, media = error.errors(), request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media and not _is_taken(media) and any(detail["loc"][0] == "body" for detail in found):
        item = ProblemItem(message=f"Expected JSON or a form with a file, found {media}.", hint=_SENDING)
        return _answer(request, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, [item])
    items = [_item(detail, error.body) for detail in found]
    kind, title = "urn:digits:request-invalid", "The request is not of the form that is described"
    return _answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, items, kind=kind, title=title)


def _is_taken(media: str) -> bool:
    return media in ("application/json", "multipart/form-data") or media.endswith("+json")


def _item(detail: Mapping[str, Any], body: Any) -> ProblemItem:
    """What is wrong with a value, and where; the first part of a location says only whether that is the body."""
    place = detail["loc"][1:]
    if detail["type"] == "json_invalid":
        before = str(body)[: place[0]]
        where = f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"
        return ProblemItem(message=f"The body is not JSON: {_sentence(detail['ctx']['error'])}.", where=where)
    if detail["type"] == "missing" and not place:
        return ProblemItem(message="The request has no body.", hint=_SENDING)
    return ProblemItem(message=f"{_sentence(detail['msg'])}.", where=".".join(map(str, place)))


def _sentence(text: str) -> str:
    return text.removeprefix("Value error, ").rstrip(".")


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    items, headers = [ProblemItem(message=str(error.detail))], error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(_methods(request))}
    return _answer(request, HTTPStatus(error.status_code), items, headers=headers)


def _methods(request: Request) -> list[str]:
    """Every method that an address knows; routing tells those of its first route alone."""
    path = request.url.path.removeprefix(request.scope["root_path"])
    known = request.app.openapi()["paths"]
    # An address that is written out is meant before one that a name may stand in.
    fitting = [known[path]] if path in known else [known[each] for each in known if _fits(each, path)]
    methods = {method.upper() for operations in fitting for method in operations}
    return sorted({*methods, "HEAD"} if "GET" in methods else methods)


def _fits(address: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"{\w+}", "[^/]+", address), path) is not None


def _unexpected(request: Request, error: Exception) -> Response:
    # What it was stands in the server's log and is nobody else's business.
    items = [ProblemItem(message="The server failed.", hint="See what it has printed.")]
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, items)


def _answer(
    request: Request,
    status: HTTPStatus,
    items: Iterable[ProblemItem],
    *,
    kind: str = "about:blank",
    title: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    found = tuple(items)
    document = ProblemDocument(
        type=kind,
        title=title or status.phrase,
        status=status,
        detail="\n".join(str(Problem(item.message, item.where, item.hint)) for item in found),
        instance=request.url.path,
        problems=found,
    )
    return Response(document.to_json(), status, dict(headers or {}), media_type=MEDIA_TYPE)
