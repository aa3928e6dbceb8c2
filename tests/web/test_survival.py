"""What becomes of jobs and pages when the server ends, of itself or not."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest
from websockets.sync.client import connect

from digits_core.service.digits import Digits
from tests.web.conftest import context_of, server_process, serving, until

pytestmark = pytest.mark.slow


def test_a_job_outlives_a_killed_server_and_is_followed_by_the_next_one(trained, home):
    digits = Digits(home)
    request = {"dataset": "colours", "network": "lenet", "name": "long", "backend": "numpy", "epochs": 6, "batch": 9}
    digits.submit(request)
    digits.submit({**request, "name": "later", "epochs": 1})
    with server_process(home, DIGITS_CPU_DEVICES="1") as (process, _):
        until(lambda: (digits.job("long").step or 0) > 2, "the server starts the job")
        process.kill()
        process.wait()
    step = digits.job("long").step
    assert digits.job("long").state == "running" and digits.job("later").state == "queued"
    with serving(home, DIGITS_CPU_DEVICES="1") as address:
        assert httpx.get(address).status_code == 200
        until(lambda: digits.job("later").state == "done", "the next server goes on with the queue")
    ended = digits.job("long")
    assert ended.state == "done" and ended.step > step and ended.runs == 1


def test_an_open_page_comes_back_with_a_killed_server_and_goes_on_showing_the_job(trained, home, chromium):
    digits = Digits(home)
    request = {"dataset": "colours", "network": "lenet", "name": "long", "backend": "numpy", "devices": "cpu:0-0"}
    digits.submit({**request, "epochs": 3000, "batch": 9, "solver": {"name": "sgd", "rate": 0.002}})
    with socket.create_server(("127.0.0.1", 0)) as free:
        words = ["--port", str(free.getsockname()[1])]
    with context_of(chromium) as profile:
        watched, listed = profile.new_page(), profile.new_page()
        with server_process(home, *words) as (process, address):
            watched.goto(f"{address}/jobs/long")
            listed.goto(address)
            listed.get_by_label("Job long", exact=True).get_by_text("epoch").wait_for()
            _see_losses_after(watched, 0.0)
            process.kill()
            process.wait()
        killed = digits.job("long").epoch
        for tab in (watched, listed):
            tab.get_by_text("Connection lost").wait_for()
            tab.evaluate("window.old = true")
        until(lambda: digits.job("long").epoch > killed + 1, "the job trains on without a server")
        with serving(home, *words):
            for tab in (watched, listed):
                tab.wait_for_function("!window.old")
                tab.get_by_text("Connection lost").wait_for(state="hidden")
            _see_losses_after(watched, digits.job("long").epoch)
            listed.get_by_label("Job long", exact=True).get_by_text("epoch").wait_for()
            digits.abort("long")
            watched.locator("[data-state=aborted]").wait_for()
    assert digits.job("long").runs == 1


def _see_losses_after(tab, epoch):
    """Wait until the chart of a job shows a loss that was measured after an epoch."""
    chart = tab.get_by_role("img", name=re.compile("^Loss and accuracy: loss .training. "))
    chart.wait_for()
    newest = "([id, epoch]) => getElement(id).chart?.getOption().series[1].data.at(-1)[0] > epoch"
    tab.wait_for_function(newest, arg=[int(chart.get_attribute("id").removeprefix("c")), epoch])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_server_ends_within_seconds_though_pages_are_open(home, number):
    with contextlib.ExitStack() as pages, server_process(home) as (process, address):
        for _ in range(3):
            pushed = f"ws{address.removeprefix('http')}/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
            pages.enter_context(connect(pushed)).recv()
        # A page without websockets waits for news by an answer that does not come.
        polling = "/_nicegui_ws/socket.io/?EIO=4&transport=polling"
        id = json.loads(httpx.get(f"{address}{polling}").text[1:])["sid"]
        host, port = address.removeprefix("http://").split(":")
        waiting = pages.enter_context(socket.create_connection((host, int(port))))
        waiting.sendall(f"GET {polling}&sid={id} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        time.sleep(0.2)
        process.send_signal(number)
        began = time.monotonic()
        assert process.wait(timeout=120) == 0
        assert time.monotonic() - began < 10


def test_a_server_that_asks_backends_ends_within_seconds_and_leaves_no_process(home):
    with ThreadPoolExecutor() as pool, server_process(home, "--ask-backends") as (process, address):
        answer = pool.submit(httpx.get, f"{address}/api/v1/backends", timeout=200)

        def asking():
            return [
                one for one in psutil.Process(process.pid).children() if "digits_core.service.trial" in one.cmdline()
            ]

        until(lambda: len(asking()) > 1, "more than the first is asked as soon as somebody waits")
        asked = asking()
        assert {one.nice() for one in asked} == {10}
        process.terminate()
        began = time.monotonic()
        assert process.wait(timeout=120) == 0
        assert time.monotonic() - began < 10
        assert not any(one.is_running() for one in asked)
        with contextlib.suppress(httpx.HTTPError):
            assert answer.result().status_code >= 400


def test_whoever_is_logged_in_stays_so_when_the_server_restarts(home):
    words = ["--token", "auto"]
    with server_process(home, *words, stderr=subprocess.PIPE) as (process, address), httpx.Client() as client:
        way_in = next(word for word in process.stderr.readline().split() if "login?token=" in word)
        assert client.get(way_in).status_code == 303
        cookies = dict(client.cookies)
    with serving(home, *words) as address:
        assert httpx.get(address, cookies=cookies).status_code == 200
        assert httpx.get(address).status_code == 401
