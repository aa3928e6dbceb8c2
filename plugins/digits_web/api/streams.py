"""Facts of a running job for many readers: however many follow it, its journal is read once.

WHATWG: HTML, section 9.2, Server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

from digits_core.service.views.history import EventsView, EventView

#: Seconds between two looks at a journal.
LOOK_S = 0.5
#: Seconds after which a silent stream says that it is alive, so that proxies keep it.
HEARTBEAT_S = 15.0
#: Chunks that readers who lag a little find again without reading the journal themselves.
MOST_KEPT = 64
#: Facts that are sent at once.
MOST_FACTS = 1000
#: Seconds between two questions whether a silent job has ended.
ENDED_S = 2.0
HEARTBEAT = b": alive\n\n"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Facts as they are sent.

    Attributes:
        cursor: Where to go on after them.
        data: Their bytes; empty: there is nothing new.
        more: Whether there are more now.
        last: Whether there will never be more.
    """

    cursor: str
    data: bytes = b""
    more: bool = False
    last: bool = False


def encode(found: EventsView) -> Chunk:
    """Facts as a stream has them, each with its cursor for ``Last-Event-ID``."""
    return Chunk(found.cursor, b"".join(map(_encoded, found.events)), found.more)


def _encoded(event: EventView) -> bytes:
    data = json.dumps({"time": event.time, **event.data}, ensure_ascii=False)
    return f"id: {event.cursor}\nevent: {event.kind}\ndata: {data}\n\n".encode()


@dataclass(slots=True)
class _Channel:
    """What is known of one job's journal.

    Attributes:
        chunks: By the cursor that they come after, newest last.
        readers: How many follow it.
        looking: Held by whoever looks for all.
        quiet: After which cursor there was nothing new, and when.
        asked: When it was last asked whether the job has ended.
    """

    chunks: dict[str, Chunk] = field(default_factory=dict)
    readers: int = 0
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    quiet: tuple[str, float] = ("", 0.0)
    asked: float = 0.0


class Streams:
    """The streams of all jobs; they belong to one event loop.

    Args:
        events: Reads a journal: `Digits.events`.
        ended: Whether nothing more will happen in a job unless somebody resumes it.
    """

    def __init__(self, events: Callable[..., EventsView], ended: Callable[[str], bool]) -> None:
        self._events, self._ended = events, ended
        self._channels: dict[str, _Channel] = {}
        #: How often a journal was looked into, by all readers together.
        self.looks = 0

    async def follow(self, job: str, cursor: str) -> AsyncIterator[bytes]:
        """Everything that happens in a job after ``cursor``, as it happens, until it has ended.

        Args:
            job: Its id.
            cursor: Where to begin; empty: at the beginning.
        """
        channel = self._channels.setdefault(job, _Channel())
        channel.readers += 1
        try:
            async for data in self._facts(channel, job, cursor):
                yield data
        finally:
            channel.readers -= 1
            if not channel.readers:
                self._channels.pop(job, None)

    async def _facts(self, channel: _Channel, job: str, cursor: str) -> AsyncIterator[bytes]:
        sent = time.monotonic()
        while True:
            chunk = await self._next(channel, job, cursor)
            cursor = chunk.cursor
            silent = not chunk.data and time.monotonic() - sent > HEARTBEAT_S
            if data := chunk.data or (HEARTBEAT if silent else b""):
                sent = time.monotonic()
                yield data
            if chunk.last:
                yield f"id: {cursor}\nevent: end\ndata: {{}}\n\n".encode()
                return
            if not chunk.more:
                await asyncio.sleep(LOOK_S)

    async def _next(self, channel: _Channel, job: str, cursor: str) -> Chunk:
        """What comes after ``cursor``; whoever asks first looks, and the others take what was found."""
        async with channel.looking:
            if (known := channel.chunks.get(cursor)) is not None:
                return known
            quiet, looked = channel.quiet
            if quiet == cursor and time.monotonic() - looked < LOOK_S:
                return Chunk(cursor)
            found = await asyncio.to_thread(self._look, channel, job, cursor)
            if found.data:
                channel.chunks[cursor] = found
                while len(channel.chunks) > MOST_KEPT:
                    del channel.chunks[next(iter(channel.chunks))]
            elif not found.last:
                channel.quiet = (cursor, time.monotonic())
            return found

    def _look(self, channel: _Channel, job: str, cursor: str) -> Chunk:
        """Look into the journal, and once in a while whether anybody still writes it."""
        self.looks += 1
        found = encode(self._events(job, cursor, most=MOST_FACTS))
        if found.data or time.monotonic() - channel.asked < ENDED_S:
            return found
        ended = self._ended(job)
        channel.asked = 0.0 if ended else time.monotonic()
        if not ended:
            return found
        # What was written between the look and the end is still owed.
        found = encode(self._events(job, cursor, most=MOST_FACTS))
        return found if found.data else replace(found, last=True)
