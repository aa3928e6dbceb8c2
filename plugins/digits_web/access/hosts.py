"""Whether a request is meant for this server, and comes from one of its own pages.

A page of somebody else can make a browser send requests here, with the cookies of whoever sits in front of it, and can
have its own name lead to this machine (DNS rebinding). What gives it away: the name that the browser used (``Host``),
and the page that it comes from (``Origin``, ``Sec-Fetch-Site``).
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from digits_web.access.refusal import Refused
from digits_web.settings import ServerSettings, is_loopback

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: What a reverse proxy adds.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Hosts:
    """The names of this server.

    Args:
        settings: How it is run.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._open = settings.is_open
        self._extra = {_name(host) for host in settings.allowed_hosts}
        self._own = {settings.host.lower(), *self._extra}
        if not self._open:
            self._own |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    def check(self, connection: HTTPConnection) -> None:
        """Refuse what is not meant for this server, or was sent by a page of another.

        Raises:
            Refused: With what to do about it.
        """
        self._check_host(connection)
        self._check_proxy(connection)
        self._check_origin(connection)

    def _check_host(self, connection: HTTPConnection) -> None:
        name = _name(connection.headers.get("host", ""))
        # Whoever has to log in is safe behind an address: no name that others could lead elsewhere is in it.
        if name in self._own or is_loopback(name) or (not self._open and _is_address(name)):
            return
        raise Refused(421, f"This server is not called {name!r}.", f"Start it with --allow-host {name or 'NAME'}.")

    def _check_proxy(self, connection: HTTPConnection) -> None:
        if self._open and any(name in connection.headers for name in _FORWARDED):
            raise Refused(
                403,
                "This request came through a proxy, and the server asks nobody who they are.",
                "Start it with --token auto or --accounts.",
            )

    def _check_origin(self, connection: HTTPConnection) -> None:
        changes = connection.scope["type"] == "websocket" or connection.scope["method"] not in SAFE_METHODS
        origin, site = connection.headers.get("origin"), connection.headers.get("sec-fetch-site", "")
        if changes and origin is not None:
            foreign = not self._is_own(origin, connection.headers.get("host", ""))
        elif changes:
            foreign = site in ("cross-site", "same-site")
        else:
            foreign = site == "cross-site" and connection.headers.get("sec-fetch-mode") != "navigate"
        if foreign:
            hint = "If that is a name of this server, start it with --allow-host NAME."
            raise Refused(403, f"This request was sent by another site, {origin or 'unnamed'}.", hint)

    def _is_own(self, origin: str, host: str) -> bool:
        try:
            place = urlsplit(origin)
            return place.scheme in ("http", "https") and (
                _without_port(place.netloc) == _without_port(host) or _name(place.netloc) in self._extra
            )
        except ValueError:
            return False


def _without_port(netloc: str) -> str:
    """A name and its port, without those that go without saying."""
    return netloc.lower().removesuffix(":80").removesuffix(":443")


def _name(host: str) -> str:
    """The name of a ``Host`` header without port, dot and brackets.

    >>> _name("Box.example.org.:5000"), _name("[::1]:5000"), _name("127.0.0.1")
    ('box.example.org', '::1', '127.0.0.1')
    """
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
