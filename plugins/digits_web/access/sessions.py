"""Who is logged in: a secret in the browser, and here what it stands for."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from digits_web.access.kept import KeptFile


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has logged in.

    Attributes:
        name: Name of the account; empty: they brought the server's token.
        stamp: Of the account or token when they did; see `Account.stamp`.
        ends: When they are asked again, in seconds since 1970.
    """

    name: str
    stamp: str
    ends: float


class Sessions:
    """Those of a home, in ``sessions.json``, so that nobody is asked again when the server restarts.

    Their secrets are kept as digests: whoever reads the file cannot be anybody by it.

    Args:
        folder: Where it is.
    """

    def __init__(self, folder: Path) -> None:
        self._file = KeptFile(folder / "sessions.json")

    def begin(self, name: str, stamp: str, hours: float) -> str:
        """Begin a session; returns its secret, 256 bits that are told once. Ended ones are swept out."""
        secret, now = secrets.token_urlsafe(32), time.time()
        with self._file.change() as sessions:
            for key in [key for key, fields in sessions.items() if fields["ends"] <= now]:
                del sessions[key]
            sessions[_digest(secret)] = asdict(Session(name, stamp, now + 3600 * hours))
        return secret

    def find(self, secret: str) -> Session | None:
        """The session of a secret, if it has not ended."""
        fields = self._file.read().get(_digest(secret))
        return Session(**fields) if fields and fields["ends"] > time.time() else None

    def end(self, secret: str) -> None:
        """End a session; one that is not there is ended."""
        if self.find(secret):
            with self._file.change() as sessions:
                sessions.pop(_digest(secret), None)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
