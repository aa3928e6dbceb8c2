"""How much a request may bring, and in which form."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from digits_core.units import format_bytes
from digits_web.access.hosts import SAFE_METHODS
from digits_web.access.refusal import Refused

#: Most bytes of a request that is no upload: it is read into memory as a whole.
MOST_TEXT_BYTES = 16 * 2**20
_TEXTS = ("application/json", "application/x-www-form-urlencoded", "text/plain")
#: What pages of other sites may send without asking; curl says the first one where it is told nothing.
_SENT_UNASKED = ("application/x-www-form-urlencoded", "text/plain", "")
_LESS = "Send less at once, or start the server with --max-upload."


def check_kind(request: Request) -> None:
    """Refuse to the API what its requests are not made of.

    Raises:
        Refused: If it is a form or plain text.
    """
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    if not has_body or request.method in SAFE_METHODS or not request.scope["path"].startswith("/api/"):
        return
    kind = _kind(request)
    if kind in _SENT_UNASKED:
        raise Refused(415, f"Expected JSON or a file, found {kind or 'nothing that says what it is'}.",
                      "Add the header Content-Type: application/json, or send a form: curl -F file=@FILE.")  # fmt: skip


def bounded(request: Request, receive: Receive, most_upload_bytes: int, hint: str = _LESS) -> Receive:
    """The body, cut off where it becomes too long.

    Args:
        request: Whose body it is.
        receive: Gives it.
        most_upload_bytes: Most bytes of a file; everything else may have `MOST_TEXT_BYTES`.
        hint: What to do where it is longer.

    Raises:
        Refused: If its length is told and too much; where it is not, reading the body raises status 413.
    """
    most = min(MOST_TEXT_BYTES, most_upload_bytes) if _kind(request) in _TEXTS else most_upload_bytes
    told = request.headers.get("content-length", "")
    words = f"The request is larger than {format_bytes(most)}."
    if told.isdecimal() and int(told) > most:
        # What is still to come is not read.
        raise Refused(413, words, hint, {"connection": "close"})
    read = 0

    async def receive_bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise HTTPException(413, words, {"connection": "close"})
        return message

    return receive_bounded


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
