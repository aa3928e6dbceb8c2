"""What is refused, in words: as a page for browsers, as ``problem+json`` for scripts."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from digits_web.access.plain_page import plain_page


class Refused(Exception):
    """A request that goes no further.

    Args:
        status: Of the answer.
        message: What is wrong, in one sentence.
        hint: What to do about it.
        headers: More of them.
    """

    def __init__(self, status: int, message: str, hint: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.hint, self.headers = status, message, hint, headers

    def response(self, request: Request) -> Response:
        """The answer, in the form that was asked for (RFC 9457 for scripts)."""
        title = HTTPStatus(self.status).phrase
        if "text/html" in request.headers.get("accept", ""):
            text = plain_page(title, self.message, self.hint)
            return HTMLResponse(text, self.status, self.headers)
        problem = {"message": self.message, **({"hint": self.hint} if self.hint else {})}
        content = {"type": "about:blank", "title": title, "status": self.status, "detail": self.message}
        content |= {"problems": [problem]}
        return JSONResponse(content, self.status, self.headers, media_type="application/problem+json")
