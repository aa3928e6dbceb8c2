"""People who leave before they are answered: browsers give up what a page asked for once somebody goes on."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


async def answer(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request; what goes wrong because nobody waits for the answer any more is no error.

    Middleware of Starlette's `BaseHTTPMiddleware`, which NiceGUI uses, fails with "No response returned" where the
    answer is never begun since its reader has gone.

    Args:
        app: What answers.
        scope: The request.
        receive: Gives its body, and says when whoever asked has gone.
        send: Takes the answer.
    """
    gone = False

    async def receive_until_gone() -> Message:
        nonlocal gone
        message = await receive()
        gone = gone or message["type"] == "http.disconnect"
        return message

    try:
        await app(scope, receive_until_gone, send)
    except RuntimeError:
        if not gone:
            raise
