"""One contestant in a process of its own: how long it takes to its first step, and how much memory.

``python -m benchmarks.alone ours googlenet torch FOLDER fp32 STARTED`` is called by `benchmarks.training`; the clock of
``STARTED`` is one that all processes of a machine share.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from benchmarks.contestants import enter


def peak_mib() -> float:
    """The most memory that this process has had, in MiB; getrusage would tell its parent's too."""
    match = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert match
    return int(match[1]) / 1024


if __name__ == "__main__":
    name, network, backend, folder, precision, started = sys.argv[1:]
    first_step_s = enter(name, network, backend, Path(folder), precision).first_step(float(started))
    print(json.dumps({"first_step_s": first_step_s, "peak_mib": peak_mib()}))
