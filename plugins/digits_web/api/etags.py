"""Strong entity tags: answers that need not be sent again, and changes to what somebody else has changed meanwhile.

Fielding, Nottingham, Reschke: HTTP Semantics, RFC 9110, section 13, 2022, https://www.rfc-editor.org/rfc/rfc9110
"""

from __future__ import annotations

import hashlib
from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digits_core.service.views.view import View
from digits_web.api.problems import refuse

#: Larger answers are sent as they come, and carry a tag only where they bring it.
MOST_BYTES = 16 * 2**20
_END: Message = {"type": "http.response.body", "body": b"", "more_body": False}


def tag_of(body: bytes) -> str:
    """The entity tag of an answer."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def require_match(request: Request, *views: View) -> None:
    """Refuse to change what is no longer as whoever asks has seen it, where they say what they have seen.

    Args:
        request: Its ``If-Match`` is looked at.
        views: What is there now, as it is answered at one address or another; the tag of any of them will do.
    """
    wanted = request.headers.get("if-match")
    if wanted is None or any(_matches(wanted, tag_of(view.to_json().encode())) for view in views):
        return
    message = "If-Match expects the tag of what is there now, and it has changed meanwhile."
    raise refuse(HTTPStatus.PRECONDITION_FAILED, message, hint="Get it again, and look before you change it.")


def _matches(wanted: str, tag: str) -> bool:
    return wanted.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in wanted.split(","))


class Tagged:
    """Gives every whole answer to a GET its tag, and sends none that the client has (``If-None-Match``).

    HEAD is answered as GET is, without the body.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return await self._app(scope, receive, send)
        if scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET"}, _only_head(send)
        await self._app(scope, receive, _Tagging(Headers(scope=scope).get("if-none-match"), send))


def _only_head(send: Send) -> Send:
    """The same without the body, which ends at once: that of a stream would not."""

    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send(_END)

    return send_head


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
        self._ended = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)
        elif not self._ended:
            await self._send(message)

    async def _begin(self, start: Message) -> None:
        if _is_whole(start):
            self._start = start
        elif start["status"] == HTTPStatus.OK and self._is_known(Headers(raw=start["headers"]).get("etag")):
            self._ended = True
            await self._not_modified(start)
        else:
            await self._send(start)

    async def _finish(self, start: Message) -> None:
        headers, body = MutableHeaders(scope=start), bytes(self._body)
        headers["etag"] = tag = tag_of(body)
        headers.setdefault("cache-control", "no-cache")
        if self._is_known(tag):
            await self._not_modified(start)
        else:
            await self._send(start)
            await self._send({**_END, "body": body})

    async def _not_modified(self, start: Message) -> None:
        headers = MutableHeaders(scope=start)
        for name in ("content-length", "content-type"):
            del headers[name]
        await self._send({**start, "status": HTTPStatus.NOT_MODIFIED})
        await self._send(_END)

    def _is_known(self, tag: str | None) -> bool:
        return None not in (self._known, tag) and _matches(str(self._known), str(tag))


def _is_whole(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    length = headers.get("content-length", "")
    return start["status"] == HTTPStatus.OK and length.isdigit() and int(length) <= MOST_BYTES and "etag" not in headers
