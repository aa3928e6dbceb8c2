"""Try one backend in a process of its own: ``python -m digits_core.service.trial NAME`` prints its devices.

A framework that is installed and broken may fail to import, or end the process; whoever asks must not go with it.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from digits_core.hooks.registry import OwnedEntry, Plugins, discover
from digits_core.service.views import CheckView

#: Seconds that a framework may take to import before it counts as stuck.
PATIENCE_S = 120


def try_backends(plugins: Plugins) -> tuple[CheckView, ...]:
    """A check for every installed backend: whether it loads, and what devices it finds."""
    with ThreadPoolExecutor() as pool:
        return tuple(pool.map(_try, map(plugins.backends.entry, plugins.backends.available())))


def _try(owned: OwnedEntry) -> CheckView:
    name = owned.entry.name
    remedy = f"Run: pip install --force-reinstall {' '.join(owned.entry.needs) or owned.plugin}"
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "digits_core.service.trial", name],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        return CheckView(name=name, passed=False, found=f"does not load within {PATIENCE_S} s", remedy=remedy)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"its process ended with status {done.returncode}"])[-1]
        return CheckView(name=name, passed=False, found=last, remedy=remedy)
    return CheckView(name=name, passed=True, found=done.stdout.strip())


def main() -> None:
    """Load the backend named in the arguments and print its devices."""
    backend = discover().backends.get(sys.argv[1])()
    print(", ".join(f"{device.id} ({device.name})" for device in backend.devices()))


if __name__ == "__main__":
    main()
