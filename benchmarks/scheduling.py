"""What the queue costs: seconds per job beyond its own worker, and the time to list 10,000 jobs.

``python -m benchmarks.scheduling`` prints one JSON object a line. Overhead: the wall time of `Digits.train` on a tiny
job less that of its worker alone, started by hand on a folder of the same kind; both import the same things.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.scaling import make_dataset
from digits_core.service.digits import Digits
from digits_core.store.job import JobFolder

ROUNDS, JOBS = 7, 10_000
SMALL_FILES = ("job.json", "graph.json", "run.json", "process.json", "events.jsonl")


def measure() -> list[dict[str, Any]]:
    """Both figures, with what they should stay below."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        digits = Digits(folder / "home")
        make_dataset(digits, folder, "noise", 28, 1, count=64)
        overhead = statistics.median(overhead_of_a_job(digits) for _ in range(ROUNDS))
        text, data = seconds_to_list(digits)
    return [
        {"subject": "scheduling overhead per job", "seconds": round(overhead, 3), "limit_s": 0.3},
        {"subject": "digits job list, 10,000 jobs", "seconds": round(text, 3), "limit_s": 1.0},
        {"subject": "digits job list --json, 10,000 jobs", "seconds": round(data, 3), "limit_s": 1.0},
    ]


def overhead_of_a_job(digits: Digits) -> float:
    """Seconds that a job takes beyond its worker."""
    begun = time.perf_counter()
    view = digits.train(request())
    whole = time.perf_counter() - begun
    assert view.state == "done", view.error
    twin = digits.submit(request())
    folder = JobFolder(digits.home.job_folder(twin.job))
    run = folder.run()
    assert run is not None
    folder.write_run(run.model_copy(update={"processes": (("cpu:0",),)}))
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-P", "-m", "digits_core.training.worker", str(folder.path)], check=True, capture_output=True
    )
    return whole - (time.perf_counter() - begun)


def request() -> dict[str, Any]:
    """Two steps of LeNet in numpy."""
    return {"dataset": "noise", "network": "lenet", "backend": "numpy", "epochs": 1, "batch": 32, "validate_every": 0}


def seconds_to_list(digits: Digits) -> tuple[float, float]:
    """Wall time of the command with so many closed jobs, as text and as JSON; medians of three."""
    first = JobFolder(digits.home.job_folder(digits.jobs()[0].job))
    for number in range(JOBS):
        copy = digits.home.path / "jobs" / f"job-{number:05}"
        copy.mkdir()
        for file in SMALL_FILES:
            shutil.copyfile(first.path / file, copy / file)
    digits.reindex()
    command = [sys.executable, "-m", "digits_core.cli.start", "job", "list"]
    environment = {"DIGITS_HOME": str(digits.home.path)}
    found = [
        statistics.median(_seconds([*command, *words], environment) for _ in range(3)) for words in ([], ["--json"])
    ]
    return found[0], found[1]


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **environment})
    return time.perf_counter() - begun


if __name__ == "__main__":
    for row in measure():
        print(json.dumps(row), flush=True)
