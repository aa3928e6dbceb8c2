"""What pages cost: the first paint of Home, an answer with 10,000 jobs, and memory after many visits.

``python -m benchmarks.pages`` prints one JSON object a line; it needs Chromium and Playwright. Memory is what the
server's Python holds once all pages of the visits are closed: NiceGUI's clients, elements of pages, and blocks of
memory.
"""

from __future__ import annotations

import gc
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.scaling import make_dataset
from benchmarks.scheduling import request, seconds_to_list
from digits_core.service.digits import Digits

ROUNDS, VISITS, WARM = 7, 1000, 50
#: Every kind of page; of the dataset and the job that are made here.
PATHS = (
    "/", "/?tab=datasets", "/compare", "/plugins", "/settings", "/about", "/datasets/new", "/datasets/noise",
    "/jobs/new", "/jobs/{job}", "/jobs/{job}?tab=use", "/jobs/{job}?tab=use&do=many",
)  # fmt: skip
#: Seconds after which a page that is closed counts as gone here; it is 30 where people use it.
GONE_S = 3.0
#: What a page that outlives its visit has more of.
_GROWING = ("elements", "blocks")


def measure() -> list[dict[str, Any]]:
    """All three, with what they should stay below."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        digits = Digits(folder / "home")
        make_dataset(digits, folder, "noise", 28, 1, count=64)
        job = digits.train(request()).job
        with serving(digits.home.path) as server:
            paint = statistics.median(first_paints(server.address, ROUNDS))
            growth = grown(server, [path.format(job=job) for path in PATHS], VISITS)
        seconds_to_list(digits)  # Makes 10,000 jobs.
        with serving(digits.home.path) as server:
            answer = statistics.median(answers(server.address, ROUNDS))
            listed = statistics.median(answers(f"{server.address}/api/v1/jobs", ROUNDS))
    return [
        {"subject": "first paint of Home", "seconds": round(paint, 3), "limit_s": 2.0},
        {"subject": "answer of Home with 10,000 jobs", "seconds": round(answer, 3), "limit_s": 0.3},
        {"subject": "answer of the list of 10,000 jobs", "seconds": round(listed, 3), "limit_s": 0.3},
        {"subject": f"memory after {VISITS} visits", **growth},
    ]


class Server:
    """A server in a process of its own that can be asked what it holds."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin and process.stdout
        self._in, self._out = process.stdin, process.stdout
        self.address = self._out.readline().strip().rstrip("/")

    def held(self, word: str = "few") -> dict[str, int]:
        """Clients of NiceGUI; asked for ``all``, also elements of pages and blocks of memory of Python."""
        print(word, file=self._in, flush=True)
        found: dict[str, int] = json.loads(self._out.readline())
        return found


@contextmanager
def serving(home: Path) -> Iterator[Server]:
    """A server of ``home`` for the length of a block."""
    command = [sys.executable, "-m", "benchmarks.pages", "serve", str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Server(process)
        finally:
            process.terminate()


def first_paints(address: str, rounds: int) -> Iterator[float]:
    """Seconds until the browser has painted something of Home, in a profile without a cache each time."""
    with browser() as chromium:
        for _ in range(rounds):
            tab = chromium.new_page()
            tab.goto(address)
            tab.get_by_role("heading", name="Home").wait_for()
            yield tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000
            tab.close()


def answers(address: str, rounds: int) -> Iterator[float]:
    """Seconds until the whole of Home has come, without the browser."""
    for _ in range(rounds):
        time.sleep(1.0)
        begun = time.perf_counter()
        with urllib.request.urlopen(address) as answer:
            answer.read()
        yield time.perf_counter() - begun


def grown(server: Server, paths: Sequence[str], visits: int, warm: int = WARM) -> dict[str, int]:
    """How much more the server holds after visits of pages in turn than after the first ``warm`` ones."""
    with browser() as chromium:
        _visit(chromium, server.address, paths, warm)
        before = _settled(server)
        _visit(chromium, server.address, paths, visits)
    after = _settled(server)
    both = {f"{name}_{when}": held[name] for name in _GROWING for when, held in (("before", before), ("after", after))}
    return {"clients": after["clients"], **both}


def _visit(chromium: Any, address: str, paths: Sequence[str], visits: int) -> None:
    for number in range(visits):
        tab = chromium.new_page()
        tab.goto(address + paths[number % len(paths)])
        tab.get_by_role("heading", level=1).wait_for()
        tab.wait_for_function("window.did_handshake")
        tab.close()


def _settled(server: Server) -> dict[str, int]:
    """What it holds once the last page is gone."""
    end = time.monotonic() + 60
    while server.held()["clients"] and time.monotonic() < end:
        time.sleep(0.2)
    time.sleep(1.0)
    return server.held("all")


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium, without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield chromium
        chromium.close()


def _serve(home: Path) -> None:
    from nicegui import Client, core, ui

    from digits_web.server import serve
    from digits_web.settings import ServerSettings

    def tell() -> None:
        for word in sys.stdin:
            held = {"clients": len(Client.instances)}
            # Walking over every object disturbs threads that make some: only once no page is open.
            if word.strip() == "all":
                gc.collect()
                held["elements"] = sum(issubclass(type(found), ui.element) for found in gc.get_objects())
                held["blocks"] = sys.getallocatedblocks()
            print(json.dumps(held), flush=True)

    def started(address: str) -> None:
        core.app.config.reconnect_timeout = GONE_S
        print(address, flush=True)
        threading.Thread(target=tell, daemon=True).start()

    serve(Digits(home), ServerSettings(port=0), started)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        _serve(Path(sys.argv[2]))
    else:
        for row in measure():
            print(json.dumps(row), flush=True)
