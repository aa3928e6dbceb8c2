"""From what a request brings to the person who sent it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import HTTPConnection

from digits_web.access.accounts import Accounts
from digits_web.access.person import Person, Role, local_person
from digits_web.access.sessions import Sessions
from digits_web.access.throttle import Throttle
from digits_web.settings import ServerSettings

#: Whoever brings the server's token.
TOKEN_PERSON = Person("token", Role.ADMIN)
#: Wrong tokens and passwords a minute: of one address, and for one account from wherever.
MOST_OF_ADDRESS, MOST_OF_ACCOUNT = 10, 50


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings.

    Attributes:
        bearer: What follows ``Authorization: Bearer``; empty: nothing does.
        session: The secret of a session, from its cookie; empty: there is none.
        address: Where it comes from.
    """

    bearer: str
    session: str
    address: str


class Identities:
    """Knows who may come in.

    Args:
        settings: How the server is run.
        folder: Where accounts and sessions are kept.
    """

    def __init__(self, settings: ServerSettings, folder: Path) -> None:
        self.settings = settings
        self.accounts = Accounts(folder)
        self.sessions = Sessions(folder)
        self.addresses = Throttle(MOST_OF_ADDRESS)
        self.names = Throttle(MOST_OF_ACCOUNT)
        self._local = local_person()
        # Browsers send the cookies of one port of a machine to all of its ports: servers of two homes must not share.
        self.cookie = f"digits-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"

    def credentials(self, connection: HTTPConnection) -> Credentials:
        """What a request brings."""
        kind, _, bearer = connection.headers.get("authorization", "").partition(" ")
        address = connection.client.host if connection.client else ""
        bearer = bearer.strip() if kind.lower() == "bearer" else ""
        return Credentials(bearer, connection.cookies.get(self.cookie, ""), address)

    def person(self, credentials: Credentials) -> Person | None:
        """Who it is; None: nobody whom we know."""
        if self.settings.is_open:
            return self._local
        if credentials.bearer:
            return TOKEN_PERSON if self.is_token(credentials.bearer) else self._of_session(credentials.bearer)
        return self._of_session(credentials.session)

    def is_token(self, given: str) -> bool:
        """Whether that is the server's token; takes as long whatever is given."""
        token = self.settings.token
        return bool(token) and hmac.compare_digest(token.encode(), given.encode("utf-8", "replace"))

    def begin_by_token(self) -> str:
        """Begin a session of whoever brought the token; returns its secret."""
        return self.sessions.begin("", self._token_stamp, self.settings.session_hours)

    def begin_by_password(self, name: str, password: str) -> str | None:
        """Begin a session of an account; returns its secret, or None where the password is wrong."""
        account = self.accounts.verified(name, password) if self.settings.accounts else None
        return self.sessions.begin(name, account.stamp, self.settings.session_hours) if account else None

    def wait_s(self, credentials: Credentials, name: str = "") -> float:
        """Seconds until an address may try again, and anybody for that account."""
        return max(self.addresses.wait_s(credentials.address), self.names.wait_s(name) if name else 0.0)

    def _of_session(self, secret: str) -> Person | None:
        session = self.sessions.find(secret) if secret else None
        if session is None:
            return None
        if not session.name:
            known = self.settings.token and hmac.compare_digest(session.stamp, self._token_stamp)
            return TOKEN_PERSON if known else None
        account = self.accounts.find(session.name) if self.settings.accounts else None
        return account.person if account and account.stamp == session.stamp else None

    @property
    def _token_stamp(self) -> str:
        return hashlib.sha256(f"token {self.settings.token}".encode()).hexdigest()[:32]
