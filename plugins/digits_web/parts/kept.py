"""Pictures that were made for one look, under addresses of their own: no picture travels over the websocket."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict

from fastapi import Response
from nicegui import app

#: Pictures are forgotten, the oldest first, once there are more bytes of them than these.
MOST_BYTES = 64 * 2**20


class Kept:
    """Pictures by addresses that cannot be guessed; the oldest are forgotten. Safe to use from several threads.

    Args:
        most_bytes: Of all pictures together.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._size, self._lock = most_bytes, 0, threading.Lock()
        self._pictures: OrderedDict[str, bytes] = OrderedDict()

    def add(self, picture: bytes) -> str:
        """Keep a picture; returns its address within the server."""
        token = secrets.token_urlsafe(12)
        with self._lock:
            self._pictures[token] = picture
            self._size += len(picture)
            while self._size > self._most and len(self._pictures) > 1:
                self._size -= len(self._pictures.popitem(last=False)[1])
        return f"/shown/{token}"

    def get(self, token: str) -> bytes | None:
        """The picture, unless it is forgotten."""
        with self._lock:
            return self._pictures.get(token)


KEPT = Kept()


@app.get("/shown/{token}", include_in_schema=False)
def shown(token: str) -> Response:
    """A picture that was kept; what it is, is told by its first bytes."""
    picture = KEPT.get(token)
    if picture is None:
        return Response(status_code=404)
    headers = {"Cache-Control": "private, max-age=86400, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(picture, media_type=_kind(picture), headers=headers)


def _kind(picture: bytes) -> str:
    known = {b"\x89PNG": "image/png", b"\xff\xd8": "image/jpeg", b"GIF8": "image/gif", b"BM": "image/bmp"}
    webp = "image/webp" if picture[8:12] == b"WEBP" else "application/octet-stream"
    return next((kind for start, kind in known.items() if picture.startswith(start)), webp)
