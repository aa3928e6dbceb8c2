"""Work in a thread for a page, without a browser."""

import asyncio
from types import SimpleNamespace

import pytest
from nicegui import core

from digits_web.parts.aside import aside


async def both(work):
    return await aside(work), await aside(lambda: None)


def test_what_the_work_returns_is_returned_even_nothing(monkeypatch):
    monkeypatch.setattr(core, "app", SimpleNamespace(is_stopping=False))
    assert asyncio.run(both(lambda: 3)) == (3, None)


def test_who_waits_while_the_server_ends_ends_quietly(monkeypatch):
    monkeypatch.setattr(core, "app", SimpleNamespace(is_stopping=True))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(both(lambda: 3))
