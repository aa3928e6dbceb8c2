"""A model behind HTTP: pictures in, what they are taken for out.

::

    POST /v1/classify?top=5   a picture as the body, or several as multipart/form-data; answers as `digits classify`
    GET  /v1                  what the model is
    GET  /health              whether it answers; needs no token
    GET  /metrics             counts for Prometheus

Starlette routes and uvicorn listens: small, well kept, and no part of what predicts.
"""

from __future__ import annotations

import asyncio
import hmac
import signal
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from digits_core.service.uploads import UploadWrong, uploads
from digits_core.service.views.archives import ArchiveView
from digits_core.service.views.classification import ClassificationView

#: What the body of a request may have, and how long it may take to come.
MOST_BODY_BYTES, MOST_BODY_S = 32 * 2**20, 30.0
#: Requests that are read and computed at once; further ones are asked to come again. Bounds the memory of bodies.
PLACES = 16
#: Of these, how many are computed at once: a runtime uses every processor for each.
COMPUTING = 2
#: Connections at once, those that only wait included.
MOST_CONNECTIONS = 256
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

#: Names and encoded pictures, and how many classes of each, to what they are taken for.
Classify = Callable[[list[tuple[str, bytes]], int], ClassificationView]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Counts:
    """What has happened since the start.

    Attributes:
        requests: Answers by path and status.
        pictures: Pictures that were classified.
        computing_s: Seconds that took.
        busy: Requests that are worked on now.
    """

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    pictures: int = 0
    computing_s: float = 0.0
    busy: int = 0

    def text(self) -> str:
        """In the text format of Prometheus."""
        lines = ["# HELP digits_requests_total Answers by path and status.", "# TYPE digits_requests_total counter"]
        for (path, status), count in sorted(self.requests.items()):
            lines.append(f'digits_requests_total{{path="{path}",status="{status}"}} {count}')
        for name, kind, text, value in (
            ("digits_pictures_total", "counter", "Pictures that were classified.", self.pictures),
            ("digits_computing_seconds_total", "counter", "Time that took.", round(self.computing_s, 6)),
            ("digits_requests_busy", "gauge", "Requests that are worked on now.", self.busy),
        ):
            lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}", f"{name} {value}"]
        return "\n".join(lines) + "\n"


class Service:
    """The answers to requests.

    Args:
        info: What the model is.
        classify: Computes; called from several threads.
        token: What every request has to bring; empty: none, and only this machine is answered.
    """

    def __init__(self, info: ArchiveView, classify: Classify, token: str) -> None:
        self._info, self._classify, self._token = info, classify, token
        self._counts = Counts()
        self._turns = asyncio.Semaphore(COMPUTING)

    def app(self) -> Starlette:
        """The application."""
        routes: tuple[tuple[str, str, Endpoint], ...] = (
            ("/health", "GET", self.health),
            ("/metrics", "GET", self.metrics),
            ("/v1", "GET", self.info),
            ("/v1/classify", "POST", self.classify),
        )
        return Starlette(
            routes=[Route(path, self._counted(path, endpoint), methods=[method]) for path, method, endpoint in routes],
            exception_handlers={HTTPException: _refuse},
        )

    async def health(self, request: Request) -> Response:
        """Whether it answers."""
        return JSONResponse({"status": "ok", "model": self._info.model})

    async def metrics(self, request: Request) -> Response:
        """Counts for Prometheus."""
        self._admit(request)
        return PlainTextResponse(self._counts.text(), media_type="text/plain; version=0.0.4")

    async def info(self, request: Request) -> Response:
        """What the model is."""
        self._admit(request)
        return JSONResponse(self._info.model_dump(mode="json", exclude={"file"}))

    async def classify(self, request: Request) -> Response:
        """What pictures are taken for; status 400 where none of them could be read."""
        self._admit(request)
        if self._counts.busy >= PLACES:
            raise HTTPException(503, "All places are taken. Come again in a second.", {"Retry-After": "1"})
        self._counts.busy += 1
        try:
            return await self._answer(request)
        finally:
            self._counts.busy -= 1

    async def _answer(self, request: Request) -> Response:
        top = _top(request)
        try:
            pictures = uploads(request.headers.get("content-type", ""), await _body(request))
        except UploadWrong as reason:
            raise HTTPException(400, str(reason)) from None
        async with self._turns:
            start = time.perf_counter()
            view = await run_in_threadpool(self._classify, pictures, top)
        self._counts.computing_s += time.perf_counter() - start
        read = sum(prediction.error is None for prediction in view.predictions)
        self._counts.pictures += read
        return JSONResponse(view.to_dict(), 200 if read else 400)

    def _admit(self, request: Request) -> None:
        """Refuse whoever has no token; without one, whoever came by another name than this machine's own.

        A web page could otherwise have its own name lead here, and read the answers.
        """
        given = request.headers.get("authorization", "")
        if self._token and not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            raise HTTPException(
                401, "A token is expected: Authorization: Bearer TOKEN.", {"WWW-Authenticate": "Bearer"}
            )
        if not self._token and _host(request) not in LOOPBACK:
            raise HTTPException(403, "Without a token only this machine itself is answered.")

    def _counted(self, path: str, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            status = 500
            try:
                response = await endpoint(request)
                status = response.status_code
            except HTTPException as refused:
                status = refused.status_code
                raise
            finally:
                self._counts.requests[path, status] += 1
            return response

        return answer


def listen(app: Starlette, listening: socket.socket) -> None:
    """Answer until SIGINT or SIGTERM; requests that are worked on then are still answered."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=15,
    )
    # uvicorn raises the signal again when it has ended; that must not look like a crash to whoever sent it.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


def _host(request: Request) -> str:
    """The name by which this machine was asked for; empty where it is none."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


async def _refuse(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, HTTPException)
    return JSONResponse({"error": {"message": refused.detail}}, refused.status_code, refused.headers)


async def _body(request: Request) -> bytes:
    """The body, as long as it is small and comes in time."""
    large = HTTPException(413, f"The body has more than {MOST_BODY_BYTES:,} bytes.", {"Connection": "close"})
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MOST_BODY_BYTES:
        raise large
    body = bytearray()
    try:
        async with asyncio.timeout(MOST_BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BODY_BYTES:
                    raise large
    except TimeoutError:
        raise HTTPException(408, f"The body did not come within {MOST_BODY_S:.0f} s.") from None
    except ClientDisconnect:
        raise HTTPException(400, "The body ended too early.") from None
    return bytes(body)


def _top(request: Request) -> int:
    text = request.query_params.get("top", "5")
    if not text.isdecimal() or not 1 <= int(text[:9]) <= 10**6:
        raise HTTPException(400, f"top expects a number from 1, found {text[:20]!r}.")
    return int(text[:9])
