"""How long people wait before anything happens: importing the core, and ``digits --help``.

``python -m benchmarks.startup`` prints one JSON object a line.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROUNDS = 7


def measure() -> list[dict[str, object]]:
    """Seconds of whole processes, and of the import alone."""
    empty = _seconds([sys.executable, "-c", "pass"])
    core = _seconds([sys.executable, "-c", "import digits_core"])
    help_ = _seconds([str(Path(sys.executable).with_name("digits")), "--help"])
    return [
        {"subject": "import digits_core", "seconds": max(core - empty, 0.0), "limit_s": 0.05},
        {"subject": "digits --help", "seconds": help_, "limit_s": 0.4},
    ]


def _seconds(words: Sequence[str]) -> float:
    """Median over some runs after one to warm up."""
    found = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        subprocess.run(words, check=True, capture_output=True)
        found.append(time.perf_counter() - started)
    return statistics.median(found[1:])


if __name__ == "__main__":
    for row in measure():
        print(json.dumps(row), flush=True)
