"""The guard: every request and every websocket passes it before anything else sees them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digits_web.access.bodies import bounded, check_kind
from digits_web.access.headers import secured
from digits_web.access.hosts import SAFE_METHODS, Hosts
from digits_web.access.identity import Credentials, Identities
from digits_web.access.leavers import answer
from digits_web.access.person import Person, Role
from digits_web.access.refusal import Refused
from digits_web.settings import ServerSettings

#: What is answered to anybody: how to come in.
_PUBLIC = frozenset({"/login", "/logout"})
#: Last words of addresses that viewers may send something to, since it changes nothing.
_LOOKING = frozenset(
    "check classify compare draw errors files import inspect plan preview rate-curve report show similar source-preview"
    " top verify".split()
)
#: Close code of a websocket whose session has ended; 4000 and up are for applications.
SESSION_ENDED = 4401


class Guard:
    """Refuses what may not come in, and tells the rest who asks: ``request.state.person``.

    In this order: is it meant for this server, and sent by its own pages; who is it; may they do that; is it too much.

    Args:
        app: Everything else.
        settings: How the server is run.
        identities: Who may come in.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings, identities: Identities) -> None:
        self.app = app
        self._settings = settings
        self._identities = identities
        self._hosts = Hosts(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request, or one websocket, in or not."""
        if scope["type"] == "http":
            await self._answer(_placed(scope, self._settings.prefix), receive, send)
        elif scope["type"] == "websocket":
            await self._talk(_placed(scope, self._settings.prefix), receive, send)
        else:
            await self.app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        credentials, person = self._identities.credentials(request), None
        send = secured(send, request)
        try:
            self._hosts.check(request)
            person = self._who(request, credentials)
            check_kind(request)
            receive = bounded(request, receive, self._settings.most_upload_bytes)
        except Refused as refused:
            await refused.response(request)(scope, receive, send)
            return
        if person is None and _path(scope) not in _PUBLIC:
            await RedirectResponse(_login_address(request), 303)(scope, receive, send)
            return
        if person is not None:
            scope["state"] |= {"person": person, "logged_in": bool(credentials.session) and not self._settings.is_open}
            send = self._while_known(send, credentials, person)
        await answer(self.app, scope, receive, send)

    async def _talk(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        credentials = self._identities.credentials(connection)
        try:
            self._hosts.check(connection)
            person = self._identities.person(credentials)
        except Refused:
            person = None
        if person is None:
            # Before it is accepted, which browsers see as status 403.
            await send({"type": "websocket.close", "code": 1008})
            return
        scope["state"]["person"] = person

        async def receive_while_known() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and self._identities.person(credentials) != person:
                await send({"type": "websocket.close", "code": SESSION_ENDED})
                return {"type": "websocket.disconnect", "code": SESSION_ENDED}
            return message

        await self.app(scope, receive_while_known, send)

    def _who(self, request: Request, credentials: Credentials) -> Person | None:
        """Who asks; None: somebody who is still to log in, which this request may be for.

        Raises:
            Refused: If they have to be known, or may not do that.
        """
        person = self._identities.person(credentials)
        if person is None:
            self._check_unknown(request, credentials)
            return None
        if not person.may(Role.EDITOR) and _changes(request):
            raise Refused(403, f"{person.name} is {person.role}, and this takes an {Role.EDITOR}.",
                          "Ask whoever runs the server for that role.")  # fmt: skip
        return person

    def _check_unknown(self, request: Request, credentials: Credentials) -> None:
        if _path(request.scope) in _PUBLIC:
            return
        if credentials.bearer:
            self._refuse_bearer(credentials)
        if request.method not in SAFE_METHODS or "text/html" not in request.headers.get("accept", ""):
            hint = "Send the header Authorization: Bearer TOKEN, or log in."
            raise Refused(401, "Whoever asks has to say who they are.", hint, {"www-authenticate": "Bearer"})

    def _refuse_bearer(self, credentials: Credentials) -> None:
        wait_s = self._identities.wait_s(credentials)
        self._identities.addresses.failed(credentials.address)
        if wait_s:
            raise too_often(wait_s)
        raise Refused(401, "The token is wrong, or has ended.", "Ask whoever runs the server for it.",
                      {"www-authenticate": 'Bearer error="invalid_token"'})  # fmt: skip

    def _while_known(self, send: Send, credentials: Credentials, person: Person) -> Send:
        """The same, but a stream of events ends with the session of who follows it."""
        follows = False

        async def send_while_known(message: Message) -> None:
            nonlocal follows
            if message["type"] == "http.response.start":
                follows = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
            elif follows and self._identities.person(credentials) != person:
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        return send_while_known


def too_often(wait_s: float) -> Refused:
    """The refusal of somebody who was wrong too often."""
    seconds = int(wait_s) + 1
    hint = f"Try again in {seconds} seconds."
    return Refused(429, "Too many wrong passwords or tokens.", hint, {"retry-after": str(seconds)})


def _placed(scope: Scope, prefix: str) -> Scope:
    """The request as it is below the prefix, whether or not the proxy has taken it off.

    ``X-Forwarded-Prefix`` is left out: pages would write into themselves whatever somebody sends there.
    """
    path: str = scope["path"]
    if prefix and path != prefix and not path.startswith(f"{prefix}/"):
        path = prefix + path
    headers = [(name, value) for name, value in scope["headers"] if name != b"x-forwarded-prefix"]
    state: Mapping[str, object] = scope.get("state") or {}
    return {**scope, "path": path, "root_path": prefix, "headers": headers, "state": dict(state)}


def _path(scope: Scope) -> str:
    """The path below the prefix."""
    path: str = scope["path"]
    return path.removeprefix(scope["root_path"]) or "/"


def _changes(request: Request) -> bool:
    path = _path(request.scope)
    # Files that a page takes: the page knows who looks at it, and what it may do with them.
    looks = path in _PUBLIC or path.startswith(("/_nicegui", "/page-uploads/")) or path.rpartition("/")[2] in _LOOKING
    return request.method not in SAFE_METHODS and not looks


def _login_address(request: Request) -> str:
    path, query = _path(request.scope), request.url.query
    where = f"{path}?{query}" if query else path
    asked = f"?next={quote(where, safe='/')}" if where != "/" else ""
    return f"{request.scope['root_path']}/login{asked}"
