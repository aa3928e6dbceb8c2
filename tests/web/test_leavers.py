"""What becomes of an answer that nobody waits for any more."""

import asyncio

import pytest

from digits_web.access.leavers import answer


async def silent(scope, receive, send):
    """An application that fails where the reader has gone, as Starlette's middleware does, and where not."""
    await receive()
    raise RuntimeError("No response returned.")


def asked(message):
    """Ask ``silent`` once."""

    async def receive():
        return {"type": message}

    async def send(message):
        raise AssertionError("nothing is answered")

    asyncio.run(answer(silent, {"type": "http"}, receive, send))


def test_what_fails_because_its_reader_has_gone_is_no_error():
    asked("http.disconnect")


def test_what_fails_before_a_reader_who_waits_is_one():
    with pytest.raises(RuntimeError, match="No response"):
        asked("http.request")
