"""What every answer says to the browser, so that pages do what they were made for and nothing else.

What each header means: OWASP Secure Headers Project, https://owasp.org/www-project-secure-headers/
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import Message, Send

# NiceGUI writes scripts into its pages and compiles templates in the browser, which takes both `unsafe-` words; what
# can be held back is where anything comes from and goes to.
_POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' {socket}",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
#: Seconds for which a browser that has come by TLS comes by nothing else.
_STRICT_S = 180 * 24 * 3600


def secured(send: Send, connection: HTTPConnection) -> Send:
    """The same, with the headers on what is sent; what an answer says itself stays."""
    headers = _headers(connection)

    async def send_secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = MutableHeaders(scope=message)
            for name, value in headers.items():
                given.setdefault(name, value)
            if given.get("content-type", "").startswith("text/html"):
                # After logging out, "back" shows nothing.
                given.setdefault("cache-control", "no-store")
        await send(message)

    return send_secured


def _headers(connection: HTTPConnection) -> Mapping[str, str]:
    is_secure = connection.url.scheme == "https"
    # Not every browser takes a WebSocket of the same place for 'self'.
    socket = f"{'wss' if is_secure else 'ws'}://{connection.url.netloc}"
    policy = "; ".join(f"{name} {value}" for name, value in _POLICY.items()).format(socket=socket)
    strict = {"strict-transport-security": f"max-age={_STRICT_S}"} if is_secure else {}
    return {**_ALWAYS, "content-security-policy": policy, **strict}
