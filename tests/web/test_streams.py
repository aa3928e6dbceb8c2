"""Streams of facts: many readers of a running job, one look at its journal."""

import asyncio

import pytest

from digits_core.events.facts import Noted
from digits_core.service.digits import Digits
from digits_core.store.job import JobFolder
from digits_web.api import streams
from digits_web.api.streams import Streams


@pytest.fixture
def journal(trained, home, monkeypatch):
    monkeypatch.setattr(streams, "LOOK_S", 0.02)
    monkeypatch.setattr(streams, "ENDED_S", 0.05)
    return JobFolder(home / "jobs" / "finished").journal


def test_fifty_readers_cost_one(journal, home):
    digits, over = Digits(home), []
    hub = Streams(digits.events, lambda job: bool(over))

    async def read(cursor):
        return [data async for data in hub.follow("finished", cursor)]

    async def watch():
        readers = [asyncio.create_task(read("")) for _ in range(50)]
        for number in range(5):
            await asyncio.sleep(0.1)
            journal.append(Noted(f"fact {number}"))
        looks = hub.looks
        over.append(True)
        return looks, await asyncio.gather(*readers)

    looks, found = asyncio.run(watch())
    assert looks < 50
    everything = b"".join(found[0])
    assert everything.count(b"event: noted") == 5
    assert everything.endswith(b"event: end\ndata: {}\n\n")
    assert all(b"".join(data) == everything for data in found)
    assert not hub._channels


def test_a_silent_stream_says_that_it_lives(journal, home, monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.1)
    hub = Streams(Digits(home).events, lambda job: False)

    async def first():
        async for data in hub.follow("finished", str(journal.size())):
            return data

    assert asyncio.run(asyncio.wait_for(first(), 5)) == streams.HEARTBEAT
