"""What may be set of the server, and what is wrong with it."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from digits_core.errors import Problem, SpecInvalid, require
from digits_core.spec.model import Spec, parse

#: What a browser calls the machine that it runs on.
LOOPBACK_NAMES = frozenset({"localhost", "ip6-localhost"})


class ServerSettings(Spec):
    """How the server is to be run."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(5000, ge=0, le=65535)
    """Port to listen on; 0: any that is free."""
    token: Annotated[str, Field(pattern=r"^[!-~]*$")] = ""
    """What scripts bring as ``Authorization: Bearer TOKEN``, and people type once; empty: none does."""
    accounts: bool = False
    """Whether people log in by name and password."""
    session_hours: float = Field(7 * 24, gt=0)
    """Hours after which somebody who is logged in is asked again."""
    roots: tuple[Path, ...] = ()
    """Folders of this machine that pictures may be taken from."""
    allow_private: bool = False
    """Whether pictures may be fetched from private, loopback and link-local addresses."""
    allowed_hosts: tuple[str, ...] = ()
    """Names other than its own by which browsers reach the server, such as that of a reverse proxy."""
    prefix: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*$")] = ""
    """The prefix under which a reverse proxy offers the server, such as ``/digits``; empty: none."""
    tls_cert: Path | None = None
    """File with the certificate, and those that lead to a known one."""
    tls_key: Path | None = None
    """File with its key."""
    most_upload_bytes: int = Field(4 * 2**30, ge=1)
    """Most bytes that an upload may have."""
    ask_backends: bool = True
    """Whether backends are asked what they can do as soon as the server listens, with low priority."""

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked who they are: whoever reaches the server may do everything."""
        return not self.token and not self.accounts

    @property
    def scheme(self) -> str:
        """How browsers speak to it."""
        return "https" if self.tls_cert else "http"


def read_server_settings(data: dict[str, object]) -> ServerSettings:
    """The settings, checked.

    Args:
        data: Fields of `ServerSettings`.

    Raises:
        SpecInvalid: With every problem.
    """
    settings = parse(ServerSettings, data, where="serve")
    require((problem for check in _CHECKS for problem in check(settings)), SpecInvalid)
    return settings


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address or a name.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_HOW_TO_ASK = "Add --token auto, which makes one and says it, or --accounts after: digits user add NAME --role admin."


def _reach_problems(settings: ServerSettings) -> Iterator[Problem]:
    if not settings.is_open:
        return
    if not is_loopback(settings.host):
        yield Problem(
            f"Other machines reach {settings.host}, so people have to say who they are.", "--host", _HOW_TO_ASK
        )
    for flag, given in (("--prefix", settings.prefix), ("--allow-host", settings.allowed_hosts)):
        if given:
            yield Problem("A reverse proxy lets others in, so people have to say who they are.", flag, _HOW_TO_ASK)


def _host_problems(settings: ServerSettings) -> Iterator[Problem]:
    try:
        socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except OSError as reason:
        hint = "Give an address of this machine, such as 127.0.0.1 or 0.0.0.0."
        yield Problem(f"{settings.host!r} is no address to listen on: {reason.strerror}.", "--host", hint)


def _root_problems(settings: ServerSettings) -> Iterator[Problem]:
    for root in settings.roots:
        if not root.is_dir():
            yield Problem(f"{root} is no folder.", "--root", "Name a folder that is there.")


def _tls_problems(settings: ServerSettings) -> Iterator[Problem]:
    if (settings.tls_cert is None) != (settings.tls_key is None):
        missing = "--tls-key" if settings.tls_cert else "--tls-cert"
        yield Problem("TLS needs a certificate and its key.", missing, f"Add {missing} FILE.")
    elif settings.tls_cert and settings.tls_key:
        try:
            # An empty password: a key that has one fails here, and asks nobody at the terminal.
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                settings.tls_cert, settings.tls_key, password=""
            )
        except (OSError, ValueError) as reason:
            hint = "Give PEM files that belong together, the key without a password."
            where = f"{settings.tls_cert}, {settings.tls_key}"
            yield Problem(f"Certificate and key cannot be used: {reason}.", where, hint)


_CHECKS: tuple[Callable[[ServerSettings], Iterator[Problem]], ...] = (
    _reach_problems,
    _host_problems,
    _root_problems,
    _tls_problems,
)
