"""What followers cost: the speed of a training job that 50 readers follow, over its speed alone.

``python -m benchmarks.followers`` prints one JSON object. A server runs beside both; readers share one process, which
throws away what it reads of the job's stream of events.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.duel import alternate
from benchmarks.scaling import make_dataset
from digits_core.service.digits import Digits

READERS, ROUNDS = 50, 3
#: Enough steps for some ten seconds.
EPOCHS, BATCH = 6, 64


def measure() -> dict[str, Any]:
    """Pictures per second alone and followed, and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        return followers(Path(name))


def followers(folder: Path) -> dict[str, Any]:
    """A job in torch on every core, with and without readers."""
    home = folder / "home"
    digits = Digits(home)
    make_dataset(digits, folder, "noise", 28, 1)
    with served(home) as address:
        speeds = alternate(
            {
                "alone": lambda: pace(digits, address, 0),
                "followed": lambda: pace(digits, address, READERS),
            },
            ROUNDS,
        )
    alone, followed = speeds["alone"].median, speeds["followed"].median
    return {"subject": f"{READERS} followers", "alone": alone, "followed": followed, "ratio": followed / alone}


def pace(digits: Digits, address: str, readers: int) -> float:
    """Images per second of one job, which so many follow from its first moment."""
    name = f"job-{time.monotonic_ns()}"
    view = digits.submit(
        {
            "dataset": "noise",
            "network": "lenet",
            "name": name,
            "backend": "torch",
            "devices": "cpu",
            "epochs": EPOCHS,
            "batch": BATCH,
            "validate_every": 0,
            "snapshots": {"every": 0},
            "solver": {"name": "sgd", "rate": 0.0001},
        }
    )
    # The scheduler is the server's.
    reader = subprocess.Popen([sys.executable, "-m", "benchmarks.followers", "read", address, view.job, str(readers)])
    try:
        while (view := digits.job(name)).state not in {"done", "failed", "aborted"}:
            time.sleep(0.5)
    finally:
        reader.terminate()
        reader.wait()
    assert view.state == "done" and view.images_per_second, view.error
    digits.delete_job(name)
    return view.images_per_second


def read(address: str, job: str, count: int) -> None:
    """Follow a job with so many connections until somebody ends this process."""
    parts = urlsplit(address)
    path = f"{parts.path.rstrip('/')}/api/v1/jobs/{job}/events/stream"
    asked = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: text/event-stream\r\n\r\n".encode()
    connections = [socket.create_connection((parts.hostname or "", parts.port or 80)) for _ in range(count)]
    for connection in connections:
        connection.sendall(asked)
    while connections:
        for connection in select.select(connections, [], [])[0]:
            if not connection.recv(65536):
                connections.remove(connection)
    signal.pause()


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The address of a server of ``home``."""
    words = [sys.executable, "-m", "digits_core.cli.start", "serve", "--port", "0"]
    environment = {**os.environ, "DIGITS_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "http://" in line:
                break
        # What it says further is not kept in the pipe.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield line[line.index("http://") :].split()[0].rstrip("/") + "/"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        read(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        print(json.dumps(measure()))
