"""Addresses of this machine at which others find its processes."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from contextlib import ExitStack


def is_loopback(host: str) -> bool:
    """Whether ``host`` means this machine to itself only."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def address(host: str, port: int) -> str:
    """Host and port in one word."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def free_addresses(count: int, host: str = "127.0.0.1") -> tuple[str, ...]:
    """Addresses of this machine that nobody listens on.

    Args:
        count: How many.
        host: What this machine is called in them.
    """
    with ExitStack() as stack:
        place = host if is_loopback(host) else ""
        sockets = [stack.enter_context(listening(place, 0)) for _ in range(count)]
        return tuple(address(host, free.getsockname()[1]) for free in sockets)


def listening(host: str, port: int) -> socket.socket:
    """A socket that waits at an address of this machine.

    Args:
        host: The address; empty: all that it has.
        port: The port; 0: any that is free.

    Raises:
        OSError: If it cannot have it.
    """
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
