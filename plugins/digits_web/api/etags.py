"""Strong entity tags: answers that need not be sent again, and changes to what somebody else has changed meanwhile.

Fielding, Nottingham, Reschke: HTTP Semantics, RFC 9110, section 13, 2022, https://www.rfc-editor.org/rfc/rfc9110
"""

from __future__ import annotations

import hashlib
from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digits_web.api.problems import refuse

#: Larger answers are sent as they come, and carry a tag only where they bring it.
MOST_BYTES = 16 * 2**20


def tag_of(body: bytes) -> str:
    """The entity tag of an answer."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def require_match(request: Request, body: bytes) -> None:
    """Refuse to change what is no longer as whoever asks has seen it, where they say what they have seen.

    Args:
        request: Its ``If-Match`` is looked at.
        body: What is there now, as it is answered.
    """
    wanted = request.headers.get("if-match")
    if wanted is None or _matches(wanted, tag_of(body)):
        return
    message = "If-Match expects the tag of what is there now, and it has changed meanwhile."
    raise refuse(HTTPStatus.PRECONDITION_FAILED, message, hint="Get it again, and look before you change it.")


def _matches(wanted: str, tag: str) -> bool:
    return wanted.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in wanted.split(","))


class Tagged:
    """Gives every whole answer to a GET its tag, and sends none that the client has (``If-None-Match``).

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            return await self._app(scope, receive, send)
        await self._app(scope, receive, _Tagging(Headers(scope=scope).get("if-none-match"), send))


class _Tagging:
    """The sending end of one answer.

    Args:
        known: Tags that the client has.
        send: Sends on.
    """

    def __init__(self, known: str | None, send: Send) -> None:
        self._known, self._send = known, send
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_whole(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        headers, body = MutableHeaders(scope=start), bytes(self._body)
        headers["etag"] = tag = tag_of(body)
        headers.setdefault("cache-control", "no-cache")
        if self._known is not None and _matches(self._known, tag):
            for name in ("content-length", "content-type"):
                del headers[name]
            start, body = {**start, "status": HTTPStatus.NOT_MODIFIED}, b""
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _is_whole(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    length = headers.get("content-length", "")
    return start["status"] == HTTPStatus.OK and length.isdigit() and int(length) <= MOST_BYTES and "etag" not in headers
