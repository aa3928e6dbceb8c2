"""``/login`` and ``/logout``: plain forms, so that nothing else is reached by whoever is not known yet."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qs, urlsplit

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from digits_web.access.audit import Audit
from digits_web.access.bodies import MOST_TEXT_BYTES
from digits_web.access.guard import too_often
from digits_web.access.identity import Credentials, Identities
from digits_web.access.person import Person, Role
from digits_web.access.plain_page import plain_page

_BY_PASSWORD = """<form method="post">
<label>Name<input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required {focus}></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button>
</form>"""
_BY_TOKEN = """<form method="post">
<label>Token<input name="token" type="password" autocomplete="off" spellcheck="false" required {focus}></label>
<button class="{kind}">Log in with the token</button>
</form>"""


def include(app: FastAPI, identities: Identities, audit: Audit) -> None:
    """Register both addresses."""
    login = Login(identities, audit)
    app.add_route("/login", login.show, ["GET"], include_in_schema=False)
    app.add_route("/login", login.enter, ["POST"], include_in_schema=False)
    app.add_route("/logout", login.leave, ["GET", "POST"], include_in_schema=False)


class Login:
    """Lets people in and out.

    Args:
        identities: Who may come in.
        audit: Where it is written down.
    """

    def __init__(self, identities: Identities, audit: Audit) -> None:
        self._identities = identities
        self._audit = audit

    async def show(self, request: Request) -> Response:
        """The form; whoever comes with ``?token=`` has filled it in already, and who is known needs none."""
        credentials = self._identities.credentials(request)
        if token := request.query_params.get("token", ""):
            return await run_in_threadpool(self._try, request, credentials, {"token": token})
        if self._identities.person(credentials):
            return RedirectResponse(_next(request), 303)
        return self._form()

    async def enter(self, request: Request) -> Response:
        """What was filled in."""
        fields = parse_qs((await request.body())[:MOST_TEXT_BYTES].decode("utf-8", "replace"))
        given = {name: values[0] for name, values in fields.items()}
        return await run_in_threadpool(self._try, request, self._identities.credentials(request), given)

    async def leave(self, request: Request) -> Response:
        """End the session; another site that sends somebody here ends none."""
        response = RedirectResponse(f"{request.scope['root_path']}/login", 303)
        credentials = self._identities.credentials(request)
        if credentials.session and request.headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
            if person := self._identities.person(credentials):
                await run_in_threadpool(self._audit, person, "log out", credentials.address)
            await run_in_threadpool(self._identities.sessions.end, credentials.session)
            self._set_cookie(response, request, "", 0)
        return response

    def _try(self, request: Request, credentials: Credentials, given: dict[str, str]) -> Response:
        name = given.get("name", "")
        wait_s = self._identities.wait_s(credentials, name)
        secret = None if wait_s else self._begin(given)
        if secret:
            self._identities.addresses.succeeded(credentials.address)
            known = self._identities.person(Credentials("", secret, credentials.address))
            self._audit(known or Person(name, Role.VIEWER), "log in", credentials.address)
            response = RedirectResponse(_next(request), 303)
            self._set_cookie(response, request, secret, int(3600 * self._identities.settings.session_hours))
            return response
        if wait_s:
            refused = too_often(wait_s)
            return self._form(f"{refused.message} {refused.hint}", refused.status, refused.headers)
        self._identities.addresses.failed(credentials.address)
        self._identities.names.failed(name)
        return self._form("Name or password is wrong." if name else "The token is wrong.", 401)

    def _begin(self, given: dict[str, str]) -> str | None:
        """The secret of a new session, if what was filled in is right."""
        if "token" in given:
            return self._identities.begin_by_token() if self._identities.is_token(given["token"]) else None
        return self._identities.begin_by_password(given.get("name", ""), given.get("password", ""))

    def _set_cookie(self, response: Response, request: Request, secret: str, seconds: int) -> None:
        """Have the browser bring the secret to pages of this server only, where no script sees it."""
        secure, path = request.url.scheme == "https", self._identities.settings.prefix or "/"
        response.set_cookie(
            self._identities.cookie, secret, max_age=seconds, path=path, secure=secure, httponly=True, samesite="lax"
        )

    def _form(self, wrong: str = "", status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        settings = self._identities.settings
        asked = [_BY_PASSWORD] * settings.accounts + [_BY_TOKEN] * bool(settings.token)
        forms = [
            form.format(focus="" if index else "autofocus", kind="second" if index else "first")
            for index, form in enumerate(asked)
        ]
        alert = [f'<p class="wrong" role="alert">{escape(wrong)}</p>'] if wrong else []
        said = "With your name and password." if settings.accounts else "The server said its token when it was started."
        return HTMLResponse(plain_page("Log in", said, markup="\n".join([*alert, *forms])), status, headers)


def _next(request: Request) -> str:
    """Where somebody wanted to go; an address of this server and no other."""
    where = request.query_params.get("next", "/")
    is_ours = where.startswith("/") and not where.startswith(("//", "/\\")) and not urlsplit(where).netloc
    prefix: str = request.scope["root_path"]
    return prefix + (where if is_ours else "/")
