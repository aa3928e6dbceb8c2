"""A real server in a process of its own, and a real browser in front of it."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from digits_core.service.digits import Digits
from tests.cli.conftest import digits  # noqa: F401

HINT = "Chromium is not installed here; on Debian: apt-get install chromium"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: Until a page has shown what it is waited for; a busy machine takes its time, and who waits long enough loses nothing.
PATIENCE_MS = 200_000
#: A network of Caffe for the pictures of dataset `colours`, and the names of its files.
NETWORK = """
name: "brightest" input: "data" input_dim: 1 input_dim: 3 input_dim: 16 input_dim: 16
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 3 kernel_size: 1 } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "fc" type: "InnerProduct" bottom: "conv1" top: "fc" inner_product_param { num_output: 3 } }
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
"""
FOREIGN = ("deploy.prototxt", "weights.caffemodel")


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
        process.wait(timeout=120)


@pytest.fixture
def server(home):
    """The address of a server of the test's own home."""
    with serving(home) as address:
        yield address


@pytest.fixture
def foreign(tmp_path):
    """A network of Caffe that tells which channel is the brightest, with its weights, labels and mean picture."""
    from tests.caffe.files import blob, write_caffemodel  # Skips where what Caffe's files need is not installed.

    place = tmp_path / "foreign"
    place.mkdir()
    (place / "deploy.prototxt").write_text(NETWORK)
    # Caffe's channels are blue, green, red.
    kernel, each = np.eye(3).reshape(3, 3, 1, 1), np.repeat(np.eye(3), 256, axis=1) / 2560
    weights = {"conv1": [kernel, np.full(3, 100.0)], "fc": [each, np.zeros(3)]}
    write_caffemodel(place / "weights.caffemodel", weights)
    (place / "labels.txt").write_text("blue\ngreen\nred\n")
    (place / "mean.binaryproto").write_bytes(blob(np.full((3, 16, 16), 100.0), old=True).SerializeToString())
    return place


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


def context_of(chromium, **options):
    """A fresh profile of the browser, whose pages are waited for with patience."""
    context = chromium.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    return context


def eventually(locator):
    """What is asserted of ``locator`` is waited for: a page shows what it is told a moment later."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE_MS)
    return expect(locator)


def until(true, what):
    """Wait for something that is to come true."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def audited(home, least):
    """The lines of the audit of ``home``, once there are so many: a page may show a change before its line is there."""
    log = home / "audit.jsonl"
    until(lambda: log.exists() and log.read_text().count("\n") >= least, f"{least} lines in {log}")
    return [json.loads(line) for line in log.read_text().splitlines()]


@pytest.fixture
def page(chromium):
    """A page in a fresh profile; what its console says as an error fails the test."""
    context = context_of(chromium, viewport={"width": 1280, "height": 900})
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
