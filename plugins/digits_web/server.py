"""Listens, and starts jobs whose turn it is."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Callable

import uvicorn

from digits_core.errors import DigitsError, SpecInvalid
from digits_core.service.background import Schedule
from digits_core.service.digits import Digits
from digits_web.app import create_app
from digits_web.settings import ServerSettings
from digits_web.web import Web

#: Seconds that open pages and streams are given to end; then they are cut off.
PATIENCE_S = 2


def serve(digits: Digits, settings: ServerSettings, started: Callable[[str], None]) -> None:
    """Answer until SIGINT or SIGTERM; jobs go on.

    Args:
        digits: Whose home is served.
        settings: How.
        started: Is told the address once it listens.

    Raises:
        SpecInvalid: If it cannot listen there.
    """
    schedule = digits.schedule()
    with _listening(settings) as listening:
        web = Web(digits, settings)
        server = uvicorn.Server(_config(web))
        scheduler = threading.Thread(target=_start_jobs, args=(web, schedule, server), daemon=True)
        questions = threading.Thread(target=_ask_backends, args=(web, server), daemon=True)
        for number in (signal.SIGINT, signal.SIGTERM):
            # Before the server listens to them, and once more after it has ended by one.
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
        scheduler.start()
        questions.start()
        started(_address(settings, listening))
        try:
            server.run(sockets=[listening])
        finally:
            schedule.end()
            digits.end_questions()
            scheduler.join()
            questions.join()


def _wait_for_start(server: uvicorn.Server) -> None:
    # While it starts, NiceGUI walks over every object of the process, and CPython cannot finish a tuple of another
    # thread that is walked over: https://github.com/python/cpython/issues/59313
    while not server.started and not server.should_exit:
        time.sleep(0.02)


def _ask_backends(web: Web, server: uvicorn.Server) -> None:
    """Have the answers ready before somebody wants to know them; one after the other, for the memory's sake."""
    _wait_for_start(server)
    with contextlib.suppress(DigitsError):
        for backend in web.digits.backends(ask=False) if web.settings.ask_backends else ():
            if server.should_exit:
                return
            if not backend.asked:
                web.digits.backend(backend.name)


def _start_jobs(web: Web, schedule: Schedule, server: uvicorn.Server) -> None:
    _wait_for_start(server)
    # The first visitor of a home with 10,000 jobs finds everything read that the first page shows.
    for look in (web.jobs, web.datasets, web.devices):
        with contextlib.suppress(DigitsError, OSError):
            look()
    schedule.run(until_idle=False)


def _config(web: Web) -> uvicorn.Config:
    settings = web.settings
    return uvicorn.Config(
        create_app(web),
        log_level="warning",
        access_log=False,
        server_header=False,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=PATIENCE_S,
    )


def _listening(settings: ServerSettings) -> socket.socket:
    family, *_, place = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
    try:
        return socket.create_server(place[:2], family=family)
    except OSError as reason:
        raise SpecInvalid(
            f"Port {settings.port} of {settings.host} cannot be listened on: {reason.strerror}.",
            where="--port",
            hint="Give another with --port, or --port 0 for any that is free.",
        ) from reason


def _address(settings: ServerSettings, listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    name = f"[{host}]" if listening.family == socket.AF_INET6 else host
    return f"{settings.scheme}://{name}:{port}{settings.prefix}/"
