"""Try one backend in a process of its own: ``python -m digits_core.service.trial NAME`` prints what it finds as JSON.

A framework that is installed and broken may fail to import, or end the process; whoever asks must not go with it. And
a backend may have a Python of its own, in which its jobs run.
"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from digits_core.errors import NameUnknown
from digits_core.hooks.registry import OwnedEntry, Plugins, discover
from digits_core.service.views.machine import CheckView

#: Seconds that a framework may take to import before it counts as stuck.
PATIENCE_S = 120


def try_backends(plugins: Plugins) -> tuple[CheckView, ...]:
    """A check for every installed backend: whether it loads, and what devices it finds."""
    with ThreadPoolExecutor() as pool:
        return tuple(pool.map(_try_here, map(plugins.backends.entry, plugins.backends.available())))


def try_interpreters(plugins: Plugins, interpreters: Mapping[str, str]) -> tuple[CheckView, ...]:
    """A check for every Python of the settings: whether DIGITS and the backend work there.

    Args:
        plugins: Which backends there are.
        interpreters: For a backend the Python that its jobs run in.
    """
    with ThreadPoolExecutor() as pool:
        return tuple(pool.map(partial(_try_there, plugins), interpreters.items()))


def report(name: str) -> dict[str, Any]:
    """What the backend called ``name`` finds in this process.

    Raises:
        DigitsError: If it cannot be used.
    """
    backends = discover().backends
    backend = backends.get(name)()
    packages = backends.entry(name).versions
    devices = [f"{device.id} ({device.name})" for device in backend.devices()]
    return {"digits": importlib.metadata.version("digits"), "packages": packages, "devices": devices}


def _try_here(owned: OwnedEntry) -> CheckView:
    remedy = f"Run: pip install --force-reinstall {' '.join(owned.entry.needs) or owned.plugin}"
    check = partial(CheckView, name=owned.entry.name)
    try:
        done = _run(sys.executable, owned.entry.name)
    except subprocess.TimeoutExpired:
        return check(passed=False, found=f"does not load within {PATIENCE_S} s", remedy=remedy)
    if done.returncode:
        return check(passed=False, found=_last_line(done), remedy=remedy)
    return check(passed=True, found=_describe(_reported(done)))


def _try_there(plugins: Plugins, item: tuple[str, str]) -> CheckView:
    name, interpreter = item
    problem, remedy = "", ""
    try:
        owned = plugins.backends.entry(name)
        done = _run(interpreter, name)
        problem, remedy = _judge(done, interpreter, owned)
    except NameUnknown as unknown:
        problem, remedy = str(unknown), "Put the name right in settings.yaml."
    except OSError as reason:
        problem = f"it cannot be started: {reason.strerror or reason}"
        remedy = "Name a Python 3.11 or newer with its whole path in settings.yaml."
    except subprocess.TimeoutExpired:
        problem, remedy = f"{name} does not load within {PATIENCE_S} s", f"Try there: import {name}"
    found = problem or _describe(_reported(done))
    check = partial(CheckView, name=f"{name} interpreter", found=f"{interpreter}: {found}")
    return check(passed=not problem, remedy=remedy)


def _judge(done: subprocess.CompletedProcess[str], interpreter: str, owned: OwnedEntry) -> tuple[str, str]:
    """What is wrong with an interpreter, and what to do; nothing where it is well."""
    here = importlib.metadata.version("digits")
    wanted = f"digits[{owned.entry.extra}]=={here}" if owned.entry.extra else f"digits=={here}"
    install = f"Run: {interpreter} -m pip install '{wanted}'"
    if "nknown option" in done.stderr and "-P" in done.stderr:
        return "it is older than Python 3.11", "Name a Python 3.11 or newer in settings.yaml."
    if done.returncode and "No module named 'digits_core'" in done.stderr:
        return "DIGITS is not installed there", install
    if done.returncode:
        return _last_line(done), install
    try:
        there = str(_reported(done)["digits"])
    except (ValueError, KeyError, TypeError):
        there = "of another version"
    return ("", "") if there == here else (f"DIGITS there is {there}, here it is {here}", install)


def _run(interpreter: str, name: str) -> subprocess.CompletedProcess[str]:
    """Try a backend with an interpreter.

    Raises:
        OSError: If that cannot be started.
        subprocess.TimeoutExpired: If it does not end.
    """
    return subprocess.run(
        [interpreter, "-P", "-m", "digits_core.service.trial", name],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr.strip().splitlines() or [f"its process ended with status {done.returncode}"])[-1]


def _reported(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    # Frameworks may print something of their own before.
    reported: dict[str, Any] = json.loads((done.stdout.strip().splitlines() or [""])[-1])
    return reported


def _describe(report: Mapping[str, Any]) -> str:
    packages = [f"{package} {version}" for package, version in report["packages"].items()]
    return "; ".join(filter(None, (", ".join(packages), ", ".join(report["devices"]))))


def main() -> None:
    """Load the backend named in the arguments and print what it finds."""
    print(json.dumps(report(sys.argv[1])))


if __name__ == "__main__":
    main()
