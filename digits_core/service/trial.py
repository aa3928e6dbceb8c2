"""Try one backend in a process of its own: ``python -m digits_core.service.trial NAME`` prints what it finds as JSON.

A framework that is installed and broken may fail to import, or end the process; whoever asks must not go with it. And
a backend may have a Python of its own, in which its jobs run.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from pydantic import Field

from digits_core.contracts.entry import Entry
from digits_core.errors import NameUnknown
from digits_core.hooks.registry import OwnedEntry, Plugins, discover
from digits_core.service.views.machine import CheckView
from digits_core.spec.model import Spec

#: Seconds that a framework may take to import before it counts as stuck.
PATIENCE_S = 120


class Claims(Spec):
    """What a backend claims; see `contracts.backend.Capabilities`."""

    ops: tuple[str, ...] = ()
    """Kinds of operations that it builds."""
    solvers: tuple[str, ...] = ()
    """Solvers that it applies."""
    precisions: tuple[str, ...] = ()
    """Number formats that it computes in."""
    device_kinds: tuple[str, ...] = ()
    """Kinds of devices that it drives."""
    deterministic: bool = False
    """Whether equal inputs give bit-equal results on CPU devices."""
    compiles: bool = False
    """Whether it can compile steps."""
    distributed: bool = False
    """Whether several processes can train together."""


class TrialReport(Spec):
    """What a backend finds where it is tried, or what is wrong with it."""

    digits: str = ""
    """Version of DIGITS there."""
    packages: dict[str, str] = Field(default_factory=dict)
    """What it needs, and the versions of that."""
    devices: tuple[str, ...] = ()
    """What it drives there, with names."""
    claims: Claims = Claims()
    """What it claims there."""
    problem: str = ""
    """Why it cannot be used, in words."""
    remedy: str = ""
    """What to do about that."""


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


def report(name: str) -> TrialReport:
    """What the backend called ``name`` finds in this process.

    Raises:
        DigitsError: If it cannot be used.
    """
    backends = discover().backends
    backend = backends.get(name)()
    claims = {
        key: tuple(sorted(value)) if isinstance(value, frozenset) else value
        for key, value in dataclasses.asdict(backend.capabilities()).items()
    }
    return TrialReport(
        digits=importlib.metadata.version("digits"),
        packages=backends.entry(name).versions,
        devices=tuple(f"{device.id} ({device.name})" for device in backend.devices()),
        claims=Claims.model_validate(claims),
    )


def _forgotten(child: subprocess.Popen[str]) -> None:
    """Nobody wants to know of the process."""


def ask(
    owned: OwnedEntry, interpreter: str | None = None, begun: Callable[[subprocess.Popen[str]], None] = _forgotten
) -> TrialReport:
    """What a backend finds in a process of its own, or what is wrong with it.

    Args:
        owned: The backend.
        interpreter: The Python that its jobs run in; None: this one.
        begun: Is given the process, which it may slow down or end.
    """
    name, here = owned.entry.name, interpreter is None
    reinstall = f"Run: pip install --force-reinstall {' '.join(owned.entry.needs) or owned.plugin}"
    try:
        done = _run(interpreter or sys.executable, owned.entry, begun)
    except OSError as reason:
        problem = f"it cannot be started: {reason.strerror or reason}"
        return TrialReport(problem=problem, remedy="Name a Python 3.11 or newer with its whole path in settings.yaml.")
    except subprocess.TimeoutExpired:
        slow = "does not load" if here else f"{name} does not load"
        remedy = reinstall if here else f"Try there: import {name}"
        return TrialReport(problem=f"{slow} within {PATIENCE_S} s", remedy=remedy)
    if interpreter is not None:
        problem, remedy = _judge(done, interpreter, owned)
        return TrialReport(problem=problem, remedy=remedy) if problem else _reported(done)
    return TrialReport(problem=_last_line(done), remedy=reinstall) if done.returncode else _reported(done)


def _try_here(owned: OwnedEntry) -> CheckView:
    found = ask(owned)
    passed = not found.problem
    return CheckView(name=owned.entry.name, passed=passed, found=_describe(found), remedy=found.remedy)


def _try_there(plugins: Plugins, item: tuple[str, str]) -> CheckView:
    name, interpreter = item
    try:
        found = ask(plugins.backends.entry(name), interpreter)
    except NameUnknown as unknown:
        found = TrialReport(problem=str(unknown), remedy="Put the name right in settings.yaml.")
    told = f"{interpreter}: {_describe(found)}"
    return CheckView(name=f"{name} interpreter", passed=not found.problem, found=told, remedy=found.remedy)


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
        there = str(json.loads(_last_printed(done))["digits"])
    except (ValueError, KeyError, TypeError):
        there = "of another version"
    return ("", "") if there == here else (f"DIGITS there is {there}, here it is {here}", install)


def _run(
    interpreter: str, entry: Entry, begun: Callable[[subprocess.Popen[str]], None]
) -> subprocess.CompletedProcess[str]:
    """Try a backend with an interpreter.

    Raises:
        OSError: If that cannot be started.
        subprocess.TimeoutExpired: If it does not end.
    """
    words = [interpreter, "-P", "-m", "digits_core.service.trial", entry.name]
    pipe, environment = subprocess.PIPE, {**entry.modest, **os.environ}
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, env=environment
    ) as child:
        try:
            begun(child)
            out, err = child.communicate(timeout=PATIENCE_S)
        except BaseException:
            child.kill()
            raise
    return subprocess.CompletedProcess(words, child.returncode, out, err)


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr.strip().splitlines() or [f"its process ended with status {done.returncode}"])[-1]


def _last_printed(done: subprocess.CompletedProcess[str]) -> str:
    # Frameworks may print something of their own before.
    return (done.stdout.strip().splitlines() or [""])[-1]


def _reported(done: subprocess.CompletedProcess[str]) -> TrialReport:
    return TrialReport.model_validate_json(_last_printed(done))


def _describe(found: TrialReport) -> str:
    packages = [f"{package} {version}" for package, version in found.packages.items()]
    return found.problem or "; ".join(filter(None, (", ".join(packages), ", ".join(found.devices))))


def main() -> None:
    """Load the backend named in the arguments and print what it finds."""
    print(report(sys.argv[1]).model_dump_json())


if __name__ == "__main__":
    main()
