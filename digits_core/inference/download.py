"""A picture from a URL, with the care that a stranger's address deserves.

::

    URL ─ http or https, no password ─ resolve ─ every address permitted? ─ connect to the one that was checked
     └────────────────────────── a redirect starts again here ◀─────────────┘   bounded in time and size

A name is resolved once for each request and the connection goes to the very address that was checked, so that a name
which points elsewhere a moment later leads nowhere. Proxies of the environment are not used: they would resolve it
anew.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from digits_core.errors import Problem
from digits_core.inference.addresses import is_public

#: Schemes that are accepted, and their ports.
PORTS = {"http": 80, "https": 443}
MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_PART = 2**16
_T = TypeVar("_T")


class DownloadRefused(Exception):
    """A picture was not fetched.

    Args:
        problem: Why, and what to do.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def resolve_host(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system finds them.

    Raises:
        OSError: If it finds none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class Downloader:
    """Fetches pictures; safe to use from several threads.

    Attributes:
        permits: Whether an address may be asked.
        most_bytes: Larger answers are refused.
        timeout_s: Everything about one URL, redirects too, ends after so many seconds.
        resolve: The addresses of a host and port.
    """

    permits: Callable[[str], bool] = is_public
    most_bytes: int = 2**25
    timeout_s: float = 20.0
    resolve: Callable[[str, int], list[str]] = resolve_host

    def fetch(self, url: str) -> bytes:
        """The bytes that ``url`` answers with.

        Raises:
            DownloadRefused: If it is no such URL, leads to an address that is not permitted, takes too long, is too
                large, or does not answer well.
        """
        end = time.monotonic() + self.timeout_s
        place = url
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._ask(url, place, end)
            if isinstance(answer, bytes):
                return answer
            place = urllib.parse.urljoin(place, answer)
        raise _refused(url, f"redirects more than {MOST_REDIRECTS} times")

    def _ask(self, url: str, place: str, end: float) -> bytes | str:
        """The body of an answer, or where it redirects to."""
        parts, port = _checked(url, place)
        host = parts.hostname or ""
        try:
            address = self._address(url, host, port, end)
            with closing(_connected(parts.scheme, host, address, port, end)) as connection:
                guard = threading.Timer(max(end - time.monotonic(), 0.0), _hang_up, (connection.sock,))
                guard.daemon = True
                guard.start()
                try:
                    answer = self._answer(url, connection, parts)
                finally:
                    guard.cancel()
            if time.monotonic() >= end:
                raise TimeoutError
        except (OSError, http.client.HTTPException, ValueError) as reason:
            late = time.monotonic() >= end or isinstance(reason, TimeoutError)
            why = f"took longer than {self.timeout_s:g} s" if late else f"failed: {_words(reason)}"
            raise _refused(url, why) from None
        return answer

    def _address(self, url: str, host: str, port: int, end: float) -> str:
        try:
            addresses = _before(end, lambda: self.resolve(host, port))
        except TimeoutError:
            raise
        except (OSError, UnicodeError) as reason:
            raise _refused(url, f"names host {host}, which is not found: {_words(reason)}") from None
        for address in addresses:
            if not self.permits(address):
                raise _refused(
                    url,
                    f"leads to {address}, which is no public address",
                    "Download the picture yourself, or allow such addresses with --allow-private.",
                )
        return addresses[0]

    def _answer(self, url: str, connection: http.client.HTTPConnection, parts: urllib.parse.SplitResult) -> bytes | str:
        path = urllib.parse.quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        query = f"?{urllib.parse.quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
        connection.request("GET", path + query, headers={"User-Agent": "digits", "Accept": "image/*, */*;q=0.1"})
        with closing(connection.getresponse()) as response:
            if response.status in _REDIRECTS and (location := response.getheader("Location")):
                return location
            if response.status != 200:
                raise _refused(url, f"answered {response.status} {response.reason}".rstrip())
            if (response.length or 0) > self.most_bytes:
                raise self._too_large(url)
            return self._body(url, response)

    def _body(self, url: str, response: http.client.HTTPResponse) -> bytes:
        body = bytearray()
        while part := response.read(_PART):
            body += part
            if len(body) > self.most_bytes:
                raise self._too_large(url)
        if response.length:
            raise http.client.IncompleteRead(bytes(body), response.length)
        return bytes(body)

    def _too_large(self, url: str) -> DownloadRefused:
        return _refused(url, f"is larger than {self.most_bytes:,} bytes")


def _before(end: float, work: Callable[[], _T]) -> _T:
    """What ``work`` gives, if it does so before ``end``: the system looks for a host as long as it likes.

    Raises:
        TimeoutError: If it does not.
    """
    given: Future[_T] = Future()

    def carry_out() -> None:
        try:
            given.set_result(work())
        except Exception as reason:
            given.set_exception(reason)

    # A daemon: nobody who leaves waits for it.
    threading.Thread(target=carry_out, daemon=True).start()
    return given.result(max(end - time.monotonic(), 0.0))


def _checked(url: str, place: str) -> tuple[urllib.parse.SplitResult, int]:
    """The parts of ``place``, which ``url`` led to, and its port."""
    try:
        parts = urllib.parse.urlsplit(place)
        port = parts.port
    except ValueError as reason:
        raise _refused(url, f"is no URL: {reason}") from None
    if parts.scheme not in PORTS:
        found = f"{parts.scheme}:" if place == url else f"a redirect to {parts.scheme}:"
        raise _refused(url, f"expects http or https, found {found}")
    if parts.username is not None or parts.password is not None:
        raise _refused(url, "carries a user name or password, which is not sent")
    if not parts.hostname:
        raise _refused(url, "names no host")
    return parts, port or PORTS[parts.scheme]


def _connected(scheme: str, host: str, address: str, port: int, end: float) -> http.client.HTTPConnection:
    """A connection to the address that was checked, which speaks as if it had gone to the host by itself."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    stream = socket.create_connection((address, port), timeout=left)
    try:
        if scheme == "https":
            stream = _secure().wrap_socket(stream, server_hostname=host)
    except BaseException:
        stream.close()
        raise
    connection = http.client.HTTPConnection(host, port)
    connection.sock = stream
    return connection


@cache
def _secure() -> ssl.SSLContext:
    return ssl.create_default_context()


def _hang_up(stream: socket.socket) -> None:
    """End whatever waits for an answer: one that drips a byte at a time never meets the timeout of a socket."""
    try:
        stream.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _refused(url: str, what: str, hint: str = "Check the address.") -> DownloadRefused:
    return DownloadRefused(Problem(f"URL {url} {what}.", hint=hint))


def _words(reason: BaseException) -> str:
    return str(getattr(reason, "strerror", None) or reason or type(reason).__name__)
