"""Every page behind a reverse proxy that hands a folder of its site to the server, and takes its name off."""

import asyncio
import contextlib
import queue
import re
import threading

import pytest

from tests.web.conftest import context_of, serving

pytestmark = pytest.mark.slow
PREFIX = "/digits"
PAGES = {
    "/": "finished",
    "/datasets/colours": "27 pictures",
    "/datasets/new": "What will be made",
    "/jobs/new?dataset=colours&network=lenet": "^(torch|PyTorch|numpy)",
    "/jobs/finished": "Pause|done",
    "/models": "No imported models yet",
}


@contextlib.contextmanager
def stripping_proxy(server):
    """The address of a proxy that takes `PREFIX` off the first line of every connection."""
    port, opened = int(server.split(":")[2].partition("/")[0]), queue.SimpleQueue()

    async def pump(source, target):
        with contextlib.suppress(OSError):
            while data := await source.read(2**16):
                target.write(data)
                await target.drain()
        target.close()

    async def handle(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        if re.search(rb"(?i)\r\nupgrade: *websocket", head) is None:  # One request a connection: the next has a name.
            head = head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
            head = re.sub(rb"(?i)\r\nconnection: keep-alive", b"", head)
        there, upstream = await asyncio.open_connection("127.0.0.1", port)
        upstream.write(re.sub(rb"^(\w+) " + PREFIX.encode() + rb"(?=[/? ])/?", rb"\1 /", head))
        with contextlib.suppress(asyncio.CancelledError):  # At the end of the test.
            await asyncio.gather(pump(reader, upstream), pump(there, writer))
        for end in (upstream, writer):
            end.close()
            with contextlib.suppress(OSError):
                await end.wait_closed()

    async def serve():
        stop, listening = asyncio.Event(), await asyncio.start_server(handle, "127.0.0.1", 0)
        opened.put((listening.sockets[0].getsockname()[1], asyncio.get_running_loop(), stop))
        await stop.wait()
        listening.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    number, loop, stop = opened.get(timeout=120)
    try:
        yield f"http://127.0.0.1:{number}{PREFIX}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def test_every_page_and_its_pictures_load_below_a_prefix(trained, home, chromium):
    token = "a-token-that-nobody-guesses"
    with (
        serving(home, "--prefix", PREFIX, DIGITS_TOKEN=token) as server,
        stripping_proxy(server) as address,
        context_of(chromium) as profile,
    ):
        tab, asked = profile.new_page(), []
        tab.on("response", lambda answer: asked.append((answer.status, answer.url)))
        tab.goto(f"{address}/login?token={token}")
        for path, words in PAGES.items():
            tab.goto(f"{address}{path}")
            tab.get_by_text(re.compile(words)).first.wait_for()
            tab.wait_for_load_state("networkidle")
        tab.goto(f"{address}/datasets/colours")
        tab.wait_for_function(
            "[...document.querySelectorAll('.digits-tile img, .digits-mean')].slice(0, 4).every(i => i.naturalWidth)"
        )
        assert tab.locator("canvas").count()
        tab.get_by_role("link", name="Settings").click()
        tab.wait_for_url(f"{address}/settings")
        assert not [(status, url) for status, url in asked if status >= 400 or not url.startswith(address)]
