"""A real server in a process of its own, and a real browser in front of it."""

import contextlib
import os
import shutil
import subprocess
import sys

import pytest

from digits_core.service.digits import Digits
from tests.cli.conftest import digits  # noqa: F401

HINT = "Chromium is not installed here; on Debian: apt-get install chromium"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextlib.contextmanager
def server_process(home, *words, stderr=None, **environment):
    """The process of a server of ``home`` and its address; it is killed with the block if it has not ended."""
    command = [sys.executable, "-m", "digits_core.cli.start", "serve", "--port", "0", "--no-ask-backends", *words]
    environ = {**os.environ, "DIGITS_HOME": str(home), **environment}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environ) as process:
        try:
            yield process, process.stdout.readline().strip().rstrip("/")
        finally:
            process.kill()


@contextlib.contextmanager
def serving(home, *words, **environment):
    """The address of a server of ``home``, which ends with the block."""
    with server_process(home, *words, **environment) as (process, address):
        yield address
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def server(home):
    """The address of a server of the test's own home."""
    with serving(home) as address:
        yield address


@pytest.fixture(scope="module")
def chromium():
    """One headless Chromium for all tests of a file; while there is one, nothing else can run an event loop here."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed here")
    if CHROMIUM is None:
        pytest.skip(HINT)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """A page in a fresh profile; what its console says as an error fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    tab, complaints = context.new_page(), []
    tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    yield tab
    context.close()
    assert not complaints, complaints


@pytest.fixture(scope="session")
def claims(tmp_path_factory):
    """What every backend claims here, asked once."""
    folder = tmp_path_factory.mktemp("claims")
    Digits(folder).backends()
    return folder / "cache"
